import { availableParallelism } from 'node:os'

/** For what scripts/bundle-suites.js built of test/: nothing is left to transform. scripts/jest.js adds `testMatch`, the suites asked for. */
export default {
  testEnvironment: 'node',
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/.cache/test'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  testSequencer: '<rootDir>/scripts/slow-suites-first.js',
  // A busy machine is no fault; what hangs still ends.
  testTimeout: 600_000,
  // More than there are processors: some suites wait for a wire.
  maxWorkers: availableParallelism() + 2,
  reporters: ['default', '<rootDir>/scripts/skipped-last.js'],
}
