import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const layers = [
  'net',
  'evidence',
  'node',
  'vpc',
  'lb',
  'capture',
  'checks',
  'diagnosis',
  'report',
  'collect',
  'commands',
]

/** The layers that `layer` may not import: those above it, and those beside it (lb, vpc, node and capture know nothing of each other). */
const above = {
  net: layers.slice(1),
  evidence: layers.slice(2),
  node: ['vpc', 'lb', 'capture', 'checks', 'diagnosis', 'report', 'collect', 'commands'],
  vpc: ['node', 'lb', 'capture', 'checks', 'diagnosis', 'report', 'collect', 'commands'],
  lb: ['node', 'vpc', 'capture', 'checks', 'diagnosis', 'report', 'collect', 'commands'],
  capture: ['node', 'vpc', 'checks', 'diagnosis', 'report', 'collect', 'commands'],
  checks: ['diagnosis', 'report', 'collect', 'commands'],
  diagnosis: ['report', 'collect', 'commands'],
  report: ['collect', 'commands'],
  collect: ['report', 'commands'],
}
/** Where only judgement lives: no files, processes, sockets, clients or colour. */
const pure = new Set(['net', 'node', 'vpc', 'lb', 'checks', 'diagnosis'])
const io = [
  'node:fs',
  'node:fs/*',
  'node:child_process',
  'node:net',
  'node:dgram',
  'node:http',
  'node:https',
  'node:os',
  'chalk',
  '@aws-sdk/*',
  '@kubernetes/*',
  'cap',
]

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'fixtures/', '.cache/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    // A test edits recorded JSON of any shape; a wrong path fails the test.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  ...Object.entries(above).map(([layer, forbidden]) => ({
    files: [`src/${layer}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            // The parsers of what a node prints know only src/net, and evidence hands out what they read.
            { regex: `/(${forbidden.join('|')})/(?!parse/)`, message: `src/${layer} imports downwards only.` },
            ...(pure.has(layer)
              ? [{ group: io, message: `src/${layer} only judges: no I/O, no client, no colour.` }]
              : []),
          ],
        },
      ],
    },
  })),
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
)
