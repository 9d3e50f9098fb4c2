import base from './jest.config.js'

/** The suites that need Go's and Python's parts, which scripts/e2e-tools brings. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 2,
}
