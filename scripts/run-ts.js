// Runs one TypeScript file of the tests as a program: `node scripts/run-ts.js FILE ARGUMENTS…`. Packages are taken from node_modules as they are.
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild-wasm'

const [file] = process.argv.splice(2, 1)
const outfile = path.resolve('node_modules/.cache/vipdoctor', `${file.replaceAll('/', '-').replace(/\.ts$/, '')}.js`)
mkdirSync(path.dirname(outfile), { recursive: true })
/** Modules find files beside them by import.meta: what they are built into lies elsewhere. */
const places = {
  name: 'places',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path: source }) => ({
      loader: 'ts',
      contents: readFileSync(source, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(source).href))
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(source))),
    }))
  },
}
await build({
  plugins: [places],
  entryPoints: [file],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'error',
})
await import(pathToFileURL(outfile).href)
