// tsc leaves the output of deleted sources behind, and oclif finds commands by file: always build into an empty folder.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
