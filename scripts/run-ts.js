// Runs one TypeScript file of the tests as a program: `node scripts/run-ts.js FILE ARGUMENTS…`. Packages are taken from node_modules as they are.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { places } from './places.js'

const [file] = process.argv.splice(2, 1)
const outfile = path.resolve('node_modules/.cache/vipdoctor', `${file.replaceAll('/', '-').replace(/\.ts$/, '')}.js`)
mkdirSync(path.dirname(outfile), { recursive: true })
await build({
  plugins: [places()],
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
