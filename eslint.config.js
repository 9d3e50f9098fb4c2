import { readFileSync } from 'node:fs'
import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** The floors of the house, from the ground up (docs/architecture.md). Those of one floor know nothing of each other. */
const floors = JSON.parse(readFileSync(new URL('eslint.floors.json', import.meta.url), 'utf8'))

/** The layers that `layer` may not import: those above it, and those beside it. */
const forbidden = (layer) => {
  const own = floors.findIndex((floor) => floor.includes(layer))
  return floors
    .slice(own)
    .flat()
    .filter((other) => other !== layer)
}
/** Where only judgement lives: no files, processes, sockets, clients or colour. */
const pure = new Set(['net', 'node', 'fabric', 'lb', 'journey', 'checks', 'diagnosis'])
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
  globalIgnores(['dist/', 'src/checks/all.ts', 'coverage/', 'fixtures/', '.cache/']),
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
  ...floors.flat().map((layer) => ({
    files: [`src/${layer}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...(forbidden(layer).length === 0
              ? []
              : [
                  {
                    regex: `^(\\.\\./)+(${forbidden(layer).join('|')})/`,
                    message: `src/${layer} imports downwards only.`,
                  },
                ]),
            ...(pure.has(layer)
              ? [{ group: io, message: `src/${layer} only judges: no I/O, no client, no colour.` }]
              : []),
          ],
        },
      ],
    },
  })),
  {
    // What somebody will paste into a shell: its values come from evidence and flags.
    files: [...pure, 'report'].map((layer) => `src/${layer}/**/*.ts`),
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':not(TaggedTemplateExpression) > TemplateLiteral[expressions.length>0][quasis.0.value.raw=/^(sudo )?(kubectl|aws|ssh|ip|ip6?tables|nft|sysctl|curl|jq|echo|systemctl|arping) /]',
          message: 'Values enter a line for a shell by sh`…` alone (src/net/shell.ts).',
        },
      ],
    },
  },
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
  {
    // Loaded before anything else: as an ES module it would take longer.
    files: ['bin/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly', __dirname: 'readonly' } },
  },
)
