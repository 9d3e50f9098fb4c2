export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/global-setup.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['babel-jest', { configFile: false, presets: ['@babel/preset-typescript'] }] },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testTimeout: 30_000,
}
