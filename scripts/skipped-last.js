// The last lines of a run: each test that this machine cannot run, and what it needs.
/** Told from tests that were not asked for by the reason in their names (test/kit/needing.ts). */
export default class SkippedLast {
  onRunComplete(_contexts, { testResults }) {
    const tests = testResults.flatMap((suite) => suite.testResults)
    const skipped = tests.filter(({ status, fullName }) => status === 'pending' && fullName.includes('(skipped: '))
    for (const { fullName } of skipped) console.error(fullName.replace(/ \(skipped: (.*)\)/, ' was skipped: $1'))
  }
}
