// The lint rules carry the design (see docs/adr): sizes, purity of core, import directions, no floating promises.
import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';

const banImports = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const kubeClient = {
  group: ['@kubernetes/client-node', '@kubernetes/client-node/*'],
  message: 'Only src/kube imports the Kubernetes client.',
};
const adapters = ['kube', 'memory', 'traffic', 'metrics', 'outside', 'notify', 'certs', 'http'];
const notAdapters = {
  group: adapters.map((a) => `**/${a}/**`),
  message: 'Adapters are wired in main only; depend on ports.',
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', '**/*.js', '**/*.d.ts', 'test/fixtures/provider-template'] },
  ...tseslint.configs.strictTypeChecked,
  prettier,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // A switch over a closed union is one decision, however many arms it has; the rule counts each ?? and ?. too.
      complexity: ['error', { max: 12, variant: 'modified' }],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: false }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  { files: ['src/**'], rules: banImports([kubeClient]) },
  {
    files: ['src/values/**', 'src/schema/**', 'src/core/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      ...banImports([
        kubeClient,
        {
          group: [
            ...adapters.map((a) => `**/${a}/**`),
            '**/ports/**',
            '**/controller/**',
            '**/webhook/**',
            '**/telemetry/**',
            '**/config/**',
            'node:fs',
            'node:fs/*',
            'node:http',
            'node:https',
            'node:net',
            'node:timers',
            'node:timers/*',
            'pino',
            'express',
          ],
          message: 'core is pure.',
        },
      ]),
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Inject the clock.' },
        { object: 'Math', property: 'random', message: 'core is deterministic.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Inject the clock.' },
      ],
    },
  },
  {
    files: ['src/controller/**', 'src/webhook/**', 'src/api/**'],
    ignores: ['**/*.test.ts'],
    rules: banImports([kubeClient, notAdapters]),
  },
  { files: ['src/kube/**'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/**'],
    ignores: ['src/config/**', 'src/main.ts', '**/*.test.ts'],
    rules: {
      'no-process-env': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Read the environment in src/config only.',
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts', 'test/**', 'bench/**'],
    rules: {
      'max-lines': ['error', { max: 600 }],
      'max-lines-per-function': 'off',
      complexity: ['error', { max: 15, variant: 'modified' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
  {
    // A hook that takes too long is ended without a word: every wait has its own deadline and says what it was for.
    files: ['test/**', 'bench/**'],
    ignores: [
      // The helpers themselves, programs that run until they are told to end, and what a person looks at meanwhile.
      ...['pause', 'in-time', 'fetch-text', 'cli'].map((name) => `test/cluster/${name}.ts`),
      ...[
        'test/cluster/kubelet/**',
        'test/run.ts',
        'test/demo/demo.ts',
        'bench/admission/load.ts',
        'bench/requests.ts',
      ],
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:timers/promises', 'timers/promises'].map((name) => ({
            name,
            message: 'Use pause of test/cluster/pause.ts.',
          })),
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...[
          ["NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout']", 'pause'],
          ["AwaitExpression > CallExpression[callee.name='fetch']", 'fetchText'],
          ["AwaitExpression > CallExpression[callee.name='once']", 'inTime'],
          ["AwaitExpression > TSAsExpression > CallExpression[callee.name='once']", 'inTime'],
          ['AwaitExpression > MemberExpression[property.name=/^(ended|exited|ready|closed|gone)$/]', 'inTime'],
          ['AwaitExpression > Identifier[name=/^(ended|exited|ready|closed|gone)$/]', 'inTime'],
          ["WhileStatement CallExpression[callee.object.name='Date'][callee.property.name='now']", 'waitUntil'],
        ].map(([selector, helper]) => ({
          selector,
          message: `Wait with ${helper} of test/cluster: it has a deadline.`,
        })),
      ],
    },
  },
);
