// Writes docs/findings from the checks, and docs/man from what the built commands say of themselves.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { Config } from '@oclif/core'
import { checks } from '../src/checks/index.ts'
import { describedCommands } from '../src/cli/described.ts'
import { findingsPages } from '../src/report/findings-page.ts'
import { manPage } from '../src/report/man-page.ts'

const folder = new URL('../docs/findings/', import.meta.url)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const [name, text] of findingsPages(checks)) writeFileSync(new URL(name, folder), text)

const man = new URL('../docs/man/', import.meta.url)
mkdirSync(man, { recursive: true })
const config = await Config.load({ root: new URL('..', import.meta.url).pathname })
writeFileSync(new URL('vipdoctor.1', man), manPage(describedCommands(config), config.version))
