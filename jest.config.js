// Node strips the types (as it does when it runs src/ directly), so tests run the very text that is shipped.
const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch,
  testEnvironment: '<rootDir>/test/support/timed-environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  ...extra,
});

export default {
  testSequencer: '<rootDir>/test/support/long-first.js',
  projects: [
    project(
      'unit',
      ['src', 'test/arch', 'test/cluster'].map((room) => `<rootDir>/${room}/**/*.test.ts`),
    ),
    project('contract', ['<rootDir>/test/contract/**/*.test.ts']),
    // Clusters of their own, seen from outside; the rest of the integration tests runs inside one that is there.
    project('kit', ['<rootDir>/test/integration/{cluster,kubelet}-*.test.ts']),
    project('integration', ['<rootDir>/test/integration/!(cluster|kubelet)-*.test.ts']),
    project('e2e', ['<rootDir>/test/e2e/**/*.test.ts']),
  ],
};
