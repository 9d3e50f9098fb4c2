// Runs jest with native ESM. In CI (JEST_JSON_FOLDER is set) the results are written there too, to be counted over all suites.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const asked = process.argv.slice(2)
const folder = process.env.JEST_JSON_FOLDER
const json = folder ? ['--json', `--outputFile=${path.join(folder, `${String(process.pid)}.json`)}`] : []
const jest = new URL('../node_modules/jest/bin/jest.js', import.meta.url).pathname
// --json prints the results on standard output as well; what people read is on standard error.
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...json, ...asked],
  { stdio: ['inherit', folder ? 'ignore' : 'inherit', 'inherit'] },
)
process.exitCode = status ?? 1
