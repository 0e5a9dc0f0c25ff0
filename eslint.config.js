import tseslint from 'typescript-eslint';

const impureGlobals = [
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'console',
  'globalThis',
  'crypto',
  'Buffer',
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/*.mjs', '**/*.js', 'examples/**'] },
  {
    files: ['packages/**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
    },
  },
  {
    // Decisions and statistics are pure: the same input gives the same answer, on any machine, at any time.
    files: ['packages/fairway/src/rollout/**/*.ts', 'packages/fairway/src/judge/**/*.ts'],
    // What simulates a world for the tests never ships.
    ignores: ['**/*.test.ts', '**/testing/**'],
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!\\./|\\.\\./(rollout|judge)/)',
              message: 'rollout/ and judge/ are pure: import only from rollout/ and judge/.',
            },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...impureGlobals.map((name) => ({
          name,
          message: 'rollout/ and judge/ are pure: take it as an argument.',
        })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='Date'][property.name='now']",
          message: 'rollout/ and judge/ are pure: time is an argument.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'rollout/ and judge/ are pure: time is an argument.',
        },
        {
          selector: "MemberExpression[object.name='Math'][property.name='random']",
          message: 'rollout/ and judge/ are pure: chance is an argument.',
        },
        { selector: 'ImportExpression', message: 'rollout/ and judge/ are pure: no dynamic import.' },
      ],
    },
  },
);
