// Builds test suites for jest: without this each suite would compile and evaluate the two hundred modules of src anew, file by file.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { places } from './places.js'

const root = path.resolve(import.meta.dirname, '..')
const folder = path.join(root, '.cache/test')
/** Longer than any run. */
const keptMs = 60 * 60 * 1000

/** Every suite of the repository, as `test/NAME.test.ts`. */
export const suites = readdirSync(path.join(root, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => path.posix.join('test', name.replaceAll(path.sep, '/')))
  .sort()

/**
 * Builds these suites into .cache/test, under their names (`.ts`, though it is JavaScript: what names a suite names what was built of it).
 * Modules that several suites use are built once. Says where the suites are now, those that take long before the others, and whether one of
 * them runs bin/run.js.
 */
export async function bundleSuites(asked) {
  removeOlder()
  let runsProgram = false
  const { metafile } = await build({
    absWorkingDir: root,
    plugins: [places((text) => (runsProgram ||= /bin\/run\.js'|dist\/bundle/.test(text)))],
    entryPoints: asked,
    outdir: folder,
    outbase: 'test',
    chunkNames: 'chunks/[name]-[hash]',
    outExtension: { '.js': '.ts' },
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'error',
  })
  const [long, short] = [true, false].map((takes) =>
    asked.filter((suite) => takesLong(suite, metafile.inputs) === takes),
  )
  return { built: [...long, ...short].map((suite) => path.join(root, '.cache', suite)), runsProgram }
}

/** Whether a suite starts processes or tries generated cases, itself or by a module of test/ that it imports. */
function takesLong(module, inputs, seen = new Set()) {
  if (seen.has(module)) return false
  seen.add(module)
  return inputs[module].imports.some(({ path: imported, external }) =>
    external
      ? ['node:child_process', 'fast-check'].includes(imported)
      : imported.startsWith('test/') && takesLong(imported, inputs, seen),
  )
}

/** What earlier runs left. A run that is going on in the same folder has younger files. */
function removeOlder() {
  mkdirSync(folder, { recursive: true })
  const oldest = Date.now() - keptMs
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(file).mtimeMs < oldest) rmSync(file, { force: true })
  }
}
