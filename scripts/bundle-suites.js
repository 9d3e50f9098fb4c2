// Builds test suites for jest: without this each suite would compile and evaluate the two hundred modules of src anew, file by file.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { places } from './places.js'

const root = path.resolve(import.meta.dirname, '..')
const folder = path.join(root, '.cache/test')
/** Longer than any run. */
const keptMs = 60 * 60 * 1000
const groupSize = 24

/** Every suite of the repository, as `test/NAME.test.ts`. */
export const suites = readdirSync(path.join(root, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => path.posix.join('test', name.replaceAll(path.sep, '/')))
  .sort()

/**
 * Builds these suites into .cache/test, under their names (`.ts`, though it is JavaScript: what names a suite names what was built of it).
 * Modules that several suites use are built once. Where many are asked for, the short ones are put together (`short/NN.test.ts`). Says where
 * the suites are now, those that take long before the others, and whether one of them runs bin/run.js.
 */
export async function bundleSuites(asked) {
  removeOlder()
  let runsProgram = false
  const waiting = new Set()
  const looked = places((text, source) => {
    runsProgram ||= /bin\/run\.js'|dist\/bundle/.test(text)
    if (/^(?:\S.* = )?await /m.test(text)) waiting.add(path.relative(root, source))
  })
  const { metafile } = await bundle(asked, [looked], { write: false })
  const isLong = (suite) => takesLong(suite, metafile.inputs) || waiting.has(suite)
  const long = asked.filter(isLong)
  const short = groupsOf(asked.filter((suite) => !isLong(suite)))
  const entries = [...short.keys(), ...long]
  await bundle(entries, [places(), grouped(short)])
  return { built: entries.map((entry) => path.join(root, '.cache', entry)), runsProgram }
}

function bundle(entries, plugins, options = {}) {
  return build({
    absWorkingDir: root,
    plugins,
    entryPoints: entries.map((entry) => ({ in: entry, out: entry.replace(/^test\//, '').replace(/\.ts$/, '') })),
    outdir: folder,
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
    ...options,
  })
}

/** Each entry with its suites. The modules of a group are compiled and evaluated once, which costs a short suite more than its own tests. */
function groupsOf(short) {
  if (short.length <= groupSize) return new Map(short.map((suite) => [suite, [suite]]))
  const count = Math.ceil(short.length / groupSize)
  return new Map(
    Array.from({ length: count }, (_, index) => [
      `test/short/${String(index + 1).padStart(2, '0')}.test.ts`,
      short.slice((index * short.length) / count, ((index + 1) * short.length) / count),
    ]),
  )
}

/** For esbuild: the entries that are no files, with each of their suites in a `describe` of its name. */
function grouped(groups) {
  return {
    name: 'grouped',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^test\/short\// }, ({ path: entry }) => ({ path: entry, namespace: 'grouped' }))
      onLoad({ filter: /.*/, namespace: 'grouped' }, ({ path: entry }) => ({
        resolveDir: root,
        contents: [
          `import { describe } from '@jest/globals'`,
          ...groups.get(entry).map((suite) => `describe('${suite}', () => void require('./${suite}'))`),
        ].join('\n'),
      }))
    },
  }
}

/** Whether a suite starts processes or tries generated cases, itself or by a module beside it that it imports. */
function takesLong(module, inputs, seen = new Set()) {
  if (seen.has(module)) return false
  seen.add(module)
  return inputs[module].imports.some(({ path: imported, external }) =>
    external
      ? ['node:child_process', 'fast-check'].includes(imported)
      : /^test\/(?!kit\/)/.test(imported) && takesLong(imported, inputs, seen),
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
