// Writes docs/findings from the checks.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { checks } from '../src/checks/index.ts'
import { findingsPages } from '../src/report/findings-page.ts'

const folder = new URL('../docs/findings/', import.meta.url)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const [name, text] of findingsPages(checks)) writeFileSync(new URL(name, folder), text)
