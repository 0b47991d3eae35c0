import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { noFloatingGenerators } from './scripts/lint/noFloatingGenerators.mjs';

/** Global names that code for browsers must not use. */
const ONLY_IN_NODE = ['process', 'setImmediate', 'Buffer', '__dirname', '__filename', 'require', 'global'];
/**
 * Global names that the engine must not use: it reads no clock, random source or environment (ARCHITECTURE.md,
 * Invariants).
 */
const NOT_IN_ENGINE = [...ONLY_IN_NODE, 'performance', 'setTimeout', 'setInterval', 'fetch', 'crypto'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.blkreplay/', '.vscode-test/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-self-compare': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['debug-adapter/engine/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...NOT_IN_ENGINE],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'The engine is deterministic: randomness comes from the host.' },
        { object: 'Date', property: 'now', message: 'The engine reads no clock: dates come from the host.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date']", message: 'The engine reads no clock.' },
      ],
    },
  },
  {
    files: ['debug-adapter/{dap,gdb,messages}/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', ...ONLY_IN_NODE] },
  },
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { blkreplay: { rules: { 'no-floating-generators': noFloatingGenerators } } },
    rules: {
      'blkreplay/no-floating-generators': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        // The test runner awaits the promises that these functions return.
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'suite', 'describe', 'it'] },
          ],
        },
      ],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
    },
  },
  // Two conditions that each draw a random number look like duplicates to this rule.
  { files: ['test/**/*.ts'], rules: { 'no-dupe-else-if': 'off' } },
  {
    files: ['scripts/**/*.mjs', 'test/**/*.mjs', '*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        setImmediate: 'readonly',
      },
    },
  },
);
