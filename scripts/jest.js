// Runs jest over suites built beforehand: `node scripts/jest.js [--e2e] [SUITE…] [OPTIONS OF JEST]`. A suite is named by its path, or a part
// of it (a regular expression, as jest takes it). The program is built first if one of them runs it. In CI (JEST_JSON_FOLDER is set) the
// results are written there too, to be counted over all suites.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildArgv } from 'jest'
import base from '../jest.config.js'
import { bundleSuites, suites } from './bundle-suites.js'

const root = base.rootDir
const e2e = process.argv[2] === '--e2e'
const asked = process.argv.slice(e2e ? 3 : 2)
const names = (await buildArgv(asked))._.map(String)
/** As one types a name, as a shell completes it, as jest prints it. */
const patterns = names.map((name) => new RegExp(name.replace(/^\.\//, '').replace(/^\.cache\//, ''), 'i'))
const wanted = suites
  .filter((suite) => suite.startsWith('test/e2e/') === e2e)
  .filter((suite) => names.length === 0 || patterns.some((pattern) => pattern.test(path.join(root, suite))))
if (wanted.length === 0) {
  console.error(`No suite is called ${names.join(' or ')}.`)
  process.exit(1)
}

const { built, runsProgram } = await bundleSuites(wanted)
if (runsProgram) {
  execFileSync('make', ['--silent', 'oclif.manifest.json'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

const folder = process.env.JEST_JSON_FOLDER
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    path.join(root, 'node_modules/jest/bin/jest.js'),
    `--config=${JSON.stringify({ ...base, testMatch: built })}`,
    ...(folder ? ['--json', `--outputFile=${path.join(folder, `${String(process.pid)}.json`)}`] : []),
    ...asked.filter((argument) => !names.includes(argument)),
  ],
  // --json prints the results on standard output as well; what people read is on standard error.
  { cwd: root, stdio: ['inherit', folder ? 'ignore' : 'inherit', 'inherit'] },
)
process.exitCode = status ?? 1
