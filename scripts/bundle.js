// Puts each command into few files under dist/bundle: a program of some hundred modules starts twice as slowly as one of five. The two cloud
// clients stay outside, to be loaded only by a live collection; names of functions are kept, so that a stack still says where it was.
import { readdirSync } from 'node:fs'
import { build } from 'esbuild'

const commands = readdirSync('src/commands', { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/commands/${file}`)

await build({
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
  keepNames: true,
  // The last three are what oclif would load to run TypeScript, which this program never does.
  external: ['@aws-sdk/*', '@kubernetes/*', '@smithy/*', 'cap', 'ws', 'typescript', 'ts-node', 'tsx'],
  // oclif is CommonJS and asks for Node's own modules by require, which an ES module does not have.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
  logLevel: 'error',
})
