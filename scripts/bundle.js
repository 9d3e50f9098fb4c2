// Puts each command into few files under dist/bundle: a program of some hundred modules starts twice as slowly as one of five. The two cloud
// clients stay outside, to be loaded only by a live collection. Names stay as they are, and lines short, so that a stack
// still says where it was; esbuild's `keepNames` besides would set each name anew whenever a function is made, a tenth of `--help`.
import { readdirSync } from 'node:fs'
import { build } from 'esbuild'

const commands = readdirSync('src/commands', { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/commands/${file}`)

/** What oclif loads for work that is never given to it here: a log of its own (DEBUG=oclif), and commands and plugins looked for by pattern. */
const unused = {
  debug: 'module.exports = () => Object.assign(() => undefined, { enabled: false })',
  minimatch: "exports.minimatch = () => { throw new Error('no plugin is looked for by pattern') }",
  tinyglobby: "exports.glob = () => { throw new Error('oclif.manifest.json names the commands') }",
}

const withoutUnused = {
  name: 'without-unused',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:${Object.keys(unused).join('|')})$`)
    onResolve({ filter }, ({ path, importer }) =>
      importer.includes('/@oclif/core/') ? { path, namespace: 'unused' } : undefined,
    )
    onLoad({ filter, namespace: 'unused' }, ({ path }) => ({ contents: unused[path] }))
  },
}

await build({
  entryPoints: ['src/cli/main.ts', 'src/cli/hooks/command-not-found.ts', ...commands],
  outdir: 'dist/bundle',
  outbase: 'src',
  // Not beside the commands: oclif takes every file there for a command.
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 200,
  plugins: [withoutUnused],
  // The last three are what oclif would load to run TypeScript, which this program never does.
  external: ['@aws-sdk/*', '@kubernetes/*', '@smithy/*', 'cap', 'ws', 'typescript', 'ts-node', 'tsx'],
  // oclif is CommonJS and asks for Node's own modules by require, which an ES module does not have.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
  logLevel: 'error',
})
