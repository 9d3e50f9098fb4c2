// Prints the last line of a CI run: how many tests passed and failed over all suites. A step that failed without a failing test counts as one.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const [folder, failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const name of readdirSync(folder)) {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = resultsIn(path.join(folder, name))
  passed += numPassedTests
  failed += Math.max(numFailedTests, numFailedTestSuites)
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) if (status === 'pending') console.log(`skipped: ${fullName}`)
  }
}
failed = Math.max(failed, Number(failedSteps))
console.log(`${String(passed)} passed, ${String(failed)} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** What jest wrote; of a run that died while writing, that it failed. */
function resultsIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    console.log(`${path.basename(file)} was not written to its end`)
    return { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1, testResults: [] }
  }
}
