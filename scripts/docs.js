// Writes docs/findings from the built checks.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { checks } from '../dist/checks/index.js'
import { findingsPages } from '../dist/report/findings-page.js'

const folder = new URL('../docs/findings/', import.meta.url)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const [name, text] of findingsPages(checks)) writeFileSync(new URL(name, folder), text)
