// A temporary folder for generated inputs, gone with the benchmark.
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const folders = []
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
// Ctrl-C too: a capture of a gigabyte is not left behind.
process.on('SIGINT', () => process.exit(130))

export function temporaryFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-bench-'))
  folders.push(folder)
  return folder
}
