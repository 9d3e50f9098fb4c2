// Puts each command into few files under dist/bundle: a program of some hundred modules starts twice as slowly as one of five. Of the two
// cloud clients only what is called is in it, in files of its own that a live collection loads: whole they take six times as long. Names
// stay as they are, and lines short, so that a stack still says where it was; esbuild's `keepNames` besides would set each name anew whenever
// a function is made, a tenth of `--help`. The licences of all packages that went in stand beside the program.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build, transform } from 'esbuild'
import { licencesOf } from './licences.js'

const commands = readdirSync('src/commands', { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/commands/${file}`)

/**
 * What oclif loads for work that is never given to it here: a log of its own (DEBUG=oclif), commands and plugins looked for by pattern, and
 * whether Linux runs in Windows; and what node-fetch loads for a Node without URL, of which a newer one warns (punycode).
 */
const unused = {
  debug: 'module.exports = () => Object.assign(() => undefined, { enabled: false })',
  minimatch: "exports.minimatch = () => { throw new Error('no plugin is looked for by pattern') }",
  'whatwg-url': 'module.exports = { URL }',
  'wsl-utils': 'exports.isWsl = false',
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

/**
 * What is loaded with the first of each list, or after it. esbuild makes one file of the modules that the same entries reach, and by what
 * each needs alone a check was cut into fifty; each file costs as much as the compilation of 20 KB. Whoever imports the first reaches what
 * it reaches.
 */
const together = [
  [
    'src/commands/check.ts',
    'src/commands/collect.ts',
    'src/commands/policy.ts',
    'src/collect/live.ts',
    'src/collect/wanted.ts',
    'src/collect/write-bundle.ts',
    'src/cli/live.ts',
  ],
  ['src/commands/capture/arp.ts', 'src/commands/capture/bgp.ts', 'src/commands/capture/ndp.ts'],
].map((files) => files.map((file) => path.resolve(file)))

/** What nearly every command needs: loaded with the program itself. */
const always = [
  'src/cli/main.ts',
  'src/cli/described.ts',
  'src/cli/exit.ts',
  'src/cli/hooks/command-not-found.ts',
  'src/cli/interrupt.ts',
  'src/cli/terminal.ts',
  'src/checks/hop.ts',
  'src/evidence/user-error.ts',
  'src/net/nearest.ts',
  'src/net/visible.ts',
  'src/report/hop-words.ts',
  'src/report/wrap.ts',
].map((file) => path.resolve(file))

/**
 * oclif sorts the ids of its commands as the user's language would, for which V8 loads its collation: 7 ms of every run. They are lower-case
 * words.
 */
const sorting = 'a.id.localeCompare(b.id)'
const withoutCollation = {
  name: 'without-collation',
  setup({ onLoad }) {
    onLoad({ filter: /\/@oclif\/core\/lib\/config\/plugin\.js$/ }, ({ path: file }) => {
      const code = readFileSync(file, 'utf8')
      if (!code.includes(sorting)) throw new Error(`${file} sorts otherwise now: withoutCollation is to be looked at`)
      return { contents: code.replace(sorting, '(a.id < b.id ? -1 : 1)') }
    })
  },
}

const keptTogether = {
  name: 'kept-together',
  setup({ onLoad }) {
    const reaches = new Map([
      ...together.flatMap(([first, ...others]) => others.map((file) => [file, [first]])),
      ...always.map((file) => [file, always.filter((other) => other !== file)]),
    ])
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path: file }) => {
      const imports = reaches.get(file)?.map((other) => `import ${JSON.stringify(other)}\n`)
      return imports === undefined
        ? undefined
        : { loader: 'ts', contents: `${readFileSync(file, 'utf8')}\n${imports.join('')}` }
    })
  },
}

/** A module of which only what it yields goes into the program, as data: whoever reads it loads nothing of what it was made of. */
const yieldedAsData = {
  name: 'yielded-as-data',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/checks\/catalogue\.ts$/ }, async ({ path: source }) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-build-'))
      const outfile = path.join(folder, 'catalogue.mjs')
      await build({ ...common, outdir: undefined, outfile, entryPoints: [source] })
      const { catalogue: value } = await import(outfile)
      rmSync(folder, { recursive: true })
      // V8 reads JSON faster than the same as a literal.
      return { loader: 'js', contents: `export const catalogue = JSON.parse(${JSON.stringify(JSON.stringify(value))})` }
    })
  },
}

/** What every file of the program is built by. */
const common = {
  outdir: 'dist/bundle',
  outbase: 'src',
  // Not beside the commands: oclif takes every file there for a command.
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 200,
  plugins: [withoutUnused, withoutCollation],
  // The last three are what oclif would load to run TypeScript, which this program never does.
  external: ['cap', 'typescript', 'ts-node', 'tsx'],
  // Of CommonJS nothing can be left out.
  mainFields: ['module', 'main'],
  metafile: true,
  logLevel: 'error',
}
const built = [
  await build({
    ...common,
    entryPoints: ['src/cli/main.ts', 'src/cli/hooks/command-not-found.ts', 'src/cli/judging/thread.ts', ...commands],
    splitting: true,
    plugins: [...common.plugins, yieldedAsData, keptTogether],
  }),
  // A process of its own, and what loads the others: what they share with the commands would be files of their own for these.
  await build({ ...common, entryPoints: ['src/capture/sources/libpcap-program.ts', 'src/cli/compiled.ts'] }),
]
const outputs = Object.assign({}, ...built.map(({ metafile }) => metafile.outputs))
for (const file of Object.keys(outputs)) refuseCircle(file, [])
for (const file of Object.keys(outputs)) writeFileSync(file, await asCommonJs(readFileSync(file, 'utf8')))
writeFileSync('dist/bundle/package.json', '{ "type": "commonjs" }\n')
const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs))
writeFileSync('dist/bundle/THIRD-PARTY-LICENSES.txt', licencesOf([...new Set(inputs)]))

function refuseCircle(file, behind) {
  if (behind.includes(file))
    throw new Error(`files of the program wait for each other: ${[...behind, file].join(', ')}`)
  const needed = outputs[file].imports.filter(({ kind, external }) => kind === 'import-statement' && !external)
  for (const { path: next } of needed) refuseCircle(next, [...behind, file])
}

/**
 * A file of the program as CommonJS: esbuild shares code between files of ES modules alone, and V8's code is kept of CommonJS alone. What comes
 * from another file is taken once: esbuild would look it up through a getter wherever it is called. So no file may wait for one that waits for
 * it, and nothing that is exported may change, which esbuild's late initialisers (`__esm`) do.
 */
async function asCommonJs(code) {
  if (/\b__esm\b/.test(code)) throw new Error('a module is initialised late: its exports change after they were taken')
  const bound = code.replace(
    /(?<=^|[;\n])import\{([^}]*)\}from"(\.[^"]+)";/g,
    (_, names, from) => `const{${names.replace(/ as /g, ':')}}=require("${from}");`,
  )
  const { code: made } = await transform(bound, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 200,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'urlOfThisFile' },
    banner: code.includes('import.meta.url')
      ? "const urlOfThisFile = require('node:url').pathToFileURL(__filename).href;"
      : '',
  })
  return made
}
