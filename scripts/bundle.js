// Puts each command into few files under dist/bundle: a program of some hundred modules starts twice as slowly as one of five. Of the two
// cloud clients only what is called is in it, in files of its own that a live collection loads: whole they take six times as long. Names
// stay as they are, and lines short, so that a stack still says where it was; esbuild's `keepNames` besides would set each name anew whenever
// a function is made, a tenth of `--help`. The licences of all packages that went in stand beside the program.
import { readdirSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { licencesOf } from './licences.js'

const commands = readdirSync('src/commands', { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/commands/${file}`)

/**
 * What oclif loads for work that is never given to it here: a log of its own (DEBUG=oclif), and commands and plugins looked for by pattern; and
 * what node-fetch loads for a Node without URL, of which a newer one warns (punycode).
 */
const unused = {
  debug: 'module.exports = () => Object.assign(() => undefined, { enabled: false })',
  minimatch: "exports.minimatch = () => { throw new Error('no plugin is looked for by pattern') }",
  'whatwg-url': 'module.exports = { URL }',
  tinyglobby: "exports.glob = () => { throw new Error('oclif.manifest.json names the commands') }",
}

const withoutUnused = {
  name: 'without-unused',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:${Object.keys(unused).join('|')})$`)
    onResolve({ filter }, ({ path, importer }) =>
      /\/(?:@oclif\/core|node-fetch)\//.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    onLoad({ filter, namespace: 'unused' }, ({ path }) => ({ contents: unused[path] }))
  },
}

const { metafile } = await build({
  entryPoints: [
    'src/cli/main.ts',
    'src/cli/hooks/command-not-found.ts',
    'src/capture/sources/libpcap-program.ts',
    ...commands,
  ],
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
  external: ['cap', 'typescript', 'ts-node', 'tsx'],
  // Of CommonJS nothing can be left out.
  mainFields: ['module', 'main'],
  metafile: true,
  // oclif is CommonJS and asks for Node's own modules by require, which an ES module does not have.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
  logLevel: 'error',
})
writeFileSync('dist/bundle/THIRD-PARTY-LICENSES.txt', licencesOf(Object.keys(metafile.inputs)))
