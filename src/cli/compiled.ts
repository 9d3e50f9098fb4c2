import { isAscii } from 'node:buffer'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { constants, Script } from 'node:vm'

// A quarter of the time of a short run is V8's, which compiles each function when it is called first. What it has compiled at the end of a run
// is kept for the next one. Under Node 22 that is a quarter less than with Node's own compile cache (by turns, `check` on a small bundle).

/** What is kept of one file: V8 compares its length alone with that of the source, so its time and size are compared here. */
interface Kept {
  readonly file: string
  readonly size: number
  readonly changed: number
  readonly code: Buffer
}

interface Loaded {
  readonly module: { exports: unknown }
  readonly script: Script
  readonly size: number
  readonly changed: number
  /** Whether V8 took what was kept of it. */
  readonly isOld: boolean
}

/**
 * Loads the files of a built program, CommonJS under one folder, with what `store` keeps of them from earlier runs; when the process ends,
 * what was compiled anew is put there. Without a store that can be read or written all is as it is without one.
 *
 * @param folder that of the program
 * @param store a file, which is made; null where nothing is to be kept
 */
export function loading(folder: string, store: string | null): (file: string) => unknown {
  const kept = store === null ? new Map<string, Kept>() : keptIn(store)
  const loaded = new Map<string, Loaded>()

  function load(file: string): unknown {
    const known = loaded.get(file)
    if (known !== undefined) return known.module.exports
    const { size, mtimeMs: changed } = statSync(file)
    const old = kept.get(file)
    const fits = old !== undefined && isAsKept(old, { size, changed })
    const bytes = readFileSync(file)
    // Most files are ASCII, of which a byte is a character and nothing has to be decoded.
    const source = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
    const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
      filename: file,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(fits ? { cachedData: old.code } : {}),
    })
    const module = { exports: {} }
    loaded.set(file, { module, script, size, changed, isOld: fits && script.cachedDataRejected === false })
    const run = script.runInThisContext() as (...given: readonly unknown[]) => void
    run(module.exports, requireOf(file), module, file, path.dirname(file))
    return module.exports
  }

  /** What a file of the program gets as `require`: Node's, but for the other files of the program. */
  function requireOf(file: string): NodeJS.Require {
    const ofNode = createRequire(file)
    const own = (id: string): unknown => {
      const place = /^\.{0,2}\//.test(id) ? path.resolve(path.dirname(file), id) : null
      return place?.startsWith(folder) === true && existsSync(place) ? load(place) : ofNode(id)
    }
    return Object.assign(own, ofNode)
  }

  if (store !== null)
    process.once('exit', () => {
      if ([...loaded.values()].some(({ isOld }) => !isOld)) keep(store, [...allOf(loaded, kept)])
    })
  return load
}

type Version = Pick<Kept, 'size' | 'changed'>

const isAsKept = (kept: Version, now: Version | null): boolean =>
  now !== null && kept.size === now.size && kept.changed === now.changed

function thereAt(file: string): Version | null {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? null : { size: found.size, changed: found.mtimeMs }
}

function* allOf(loaded: ReadonlyMap<string, Loaded>, before: ReadonlyMap<string, Kept>): Generator<Kept> {
  for (const [file, { script, size, changed }] of loaded) yield { file, size, changed, code: script.createCachedData() }
  // Not what an earlier build left: it would be read again with every run.
  for (const [file, one] of before) if (!loaded.has(file) && isAsKept(one, thereAt(file))) yield one
}

/** V8 reads it in place where it begins at a multiple of this. */
const alignment = 8

/**
 * What a store holds; nothing where it cannot be read. It is code that will run: what another user may have written is not looked at.
 */
function keptIn(store: string): Map<string, Kept> {
  const kept = new Map<string, Kept>()
  try {
    const bytes = ownFile(store)
    const end = bytes?.indexOf('\n') ?? -1
    if (bytes === null || end === -1) return kept
    let at = aligned(end + 1)
    const listed = JSON.parse(bytes.toString('utf8', 0, end)) as readonly [string, number, number, number][]
    for (const [file, size, changed, length] of listed) {
      kept.set(file, { file, size, changed, code: bytes.subarray(at, at + length) })
      at = aligned(at + length)
    }
    // Cut off: the last one is not whole.
    return at === bytes.length ? kept : new Map<string, Kept>()
  } catch {
    return new Map<string, Kept>()
  }
}

const aligned = (at: number): number => Math.ceil(at / alignment) * alignment

function ownFile(file: string): Buffer | null {
  const opened = openSync(file, 'r')
  try {
    const { uid, mode } = fstatSync(opened)
    return uid === process.getuid?.() && (mode & 0o022) === 0 ? readFileSync(opened) : null
  } finally {
    closeSync(opened)
  }
}

/** Under its name when it is whole. */
function keep(store: string, all: readonly Kept[]): void {
  try {
    const list = Buffer.from(
      `${JSON.stringify(all.map(({ file, size, changed, code }) => [file, size, changed, code.length]))}\n`,
    )
    const bytes = Buffer.alloc(all.reduce((end, { code }) => aligned(end + code.length), aligned(list.length)))
    list.copy(bytes)
    let at = aligned(list.length)
    for (const { code } of all) {
      code.copy(bytes, at)
      at = aligned(at + code.length)
    }
    // Not `recursive`: where a folder takes no other (/proc), Node 20 would try for ever.
    const folder = path.dirname(store)
    for (const one of [path.dirname(folder), folder]) if (!existsSync(one)) mkdirSync(one, { mode: 0o700 })
    const part = `${store}.${String(process.pid)}.part`
    writeFileSync(part, bytes, { mode: 0o600, flag: 'wx' })
    renameSync(part, store)
  } catch {
    // No home, a full or a read-only disk: the next run takes as long as this one.
  }
}
