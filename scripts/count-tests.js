// Prints the last line of a CI run: how many tests passed and failed over all suites. A step that failed without a failing test counts as one.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const [folder, failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const name of readdirSync(folder)) {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
    readFileSync(path.join(folder, name), 'utf8'),
  )
  passed += numPassedTests
  failed += Math.max(numFailedTests, numFailedTestSuites)
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) if (status === 'pending') console.log(`skipped: ${fullName}`)
  }
}
failed = Math.max(failed, Number(failedSteps))
console.log(`${String(passed)} passed, ${String(failed)} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
