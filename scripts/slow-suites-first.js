// The order in which jest runs the suites: a long one that starts last keeps one core waiting for it.
import TestSequencer from '@jest/test-sequencer'

/** First those not measured yet, in the order of `testMatch`, which is a list of paths; then the others, which failed or took longest before. */
export default class SlowSuitesFirst extends TestSequencer {
  sort(tests) {
    const asked = tests[0]?.context.config.testMatch ?? []
    const fresh = tests.filter((test) => this.time(test) === undefined)
    const measured = tests.filter((test) => !fresh.includes(test))
    return [...fresh.sort((a, b) => asked.indexOf(a.path) - asked.indexOf(b.path)), ...super.sort(measured)]
  }
}
