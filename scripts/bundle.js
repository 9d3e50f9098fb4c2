// Puts each command into few files under dist/bundle: a program of some hundred modules starts twice as slowly as one of five. Of the two
// cloud clients only what is called is in it, in files of its own that a live collection loads: whole they take six times as long. Nothing is
// minified, so that a stack still says where it was; esbuild's `keepNames` besides would set each name anew whenever a function is made, a
// tenth of `--help`. The licences of all packages that went in stand beside the program.
import { readdirSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { licencesOf } from './licences.js'

const commands = readdirSync('src/commands', { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/commands/${file}`)

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
