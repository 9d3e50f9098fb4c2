import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { folders } from './manifest.ts'
import { longestText, mostUnfolded, openInput, tooLarge, UnreadableError } from './input.ts'
import { memoryStore, staysInside, type Store } from './store.ts'
import { sh } from '../net/shell.ts'
import { UserError } from './user-error.ts'

/** What an archive may unfold to. */
export interface ArchiveLimits {
  readonly unpackedBytes: number
  readonly entries: number
  /** Of one file; one that is larger is a gap. */
  readonly fileBytes: number
}

export const archiveLimits: ArchiveLimits = {
  unpackedBytes: mostUnfolded,
  entries: 100_000,
  fileBytes: longestText,
}

/**
 * Reads a `.tar.gz` bundle into memory. One top folder around everything (`tar czf b.tar.gz mycluster/`) is allowed and left out.
 *
 * @throws UserError for what is no gzipped tar, ends too early, holds a link or a path that leaves it, or unfolds beyond the limits.
 */
export async function openArchive(file: string, limits: ArchiveLimits = archiveLimits): Promise<Store> {
  const unpacked: Unpacked = { files: new Map(), gaps: new Map(), newest: null }
  try {
    await unpack(openInput(file), file, limits, unpacked)
  } catch (error) {
    throw asUserError(file, error)
  }
  const name = namer([...unpacked.files.keys(), ...unpacked.gaps.keys()])
  const { newest } = unpacked
  return {
    ...memoryStore(renamed(unpacked.files, name), renamed(unpacked.gaps, name)),
    newest: () => newest?.toISOString() ?? null,
  }
}

interface Unpacked {
  readonly files: Map<string, Uint8Array>
  readonly gaps: Map<string, string>
  newest: Date | null
}

/** Takes entry after entry, and counts before it keeps: nothing is unfolded that is then refused. */
async function unpack(packed: Readable, file: string, limits: ArchiveLimits, unpacked: Unpacked): Promise<void> {
  const { files, gaps } = unpacked
  const extract = tar.extract()
  let entries = 0
  extract.on('entry', (header, content, next) => {
    entries += 1
    const inside = header.name.replace(/^\.\//, '').replace(/\/$/, '')
    const refusal = entries > limits.entries ? `more than ${limits.entries} entries` : whyRefused(header, inside)
    // What stops the archive stops its entry, too; it is told once, by the archive.
    content.on('error', () => undefined)
    if (refusal !== null) {
      extract.destroy(new UserError(`${file} holds ${refusal}; refused.`))
      return
    }
    if (header.type === 'file') unpacked.newest = later(unpacked.newest, header.mtime)
    const kept = header.type === 'file' && header.size <= limits.fileBytes
    if (header.type === 'file' && !kept) gaps.set(inside, tooLarge().message)
    const chunks: Uint8Array[] = []
    content.on('data', (chunk: unknown) => {
      if (kept) chunks.push(chunk as Uint8Array)
    })
    content.on('end', () => {
      if (kept) files.set(inside, Buffer.concat(chunks))
      next()
    })
  })
  await pipeline(packed, createGunzip(), atMost(limits.unpackedBytes, file), extract)
}

const later = (one: Date | null, other: Date | undefined): Date | null =>
  other === undefined || (one !== null && one > other) ? one : other

/** Lets so many bytes through, and ends with a refusal at the next. */
function atMost(bytes: number, file: string): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length
      if (seen <= bytes) done(null, chunk)
      else done(new UserError(`${file} unfolds to more than ${Math.round(bytes / 1024 ** 2)} MiB; refused.`))
    },
  })
}

function whyRefused({ name, type }: tar.Header, inside: string): string | null {
  if (inside !== '' && inside !== '.' && !staysInside(inside))
    return `an entry that leaves the bundle or lies too deep: ${JSON.stringify(name.slice(0, 200))}`
  return type === 'symlink' || type === 'link'
    ? `a link (${JSON.stringify(name.slice(0, 200))}), and a bundle has only files`
    : null
}

/** @returns what the user can mend; an error that neither the system nor zlib nor the tar reader makes is thrown on. */
function asUserError(file: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  if (error instanceof UnreadableError) return new UserError(`${file} is ${error.message}.`)
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined && !/^(?:Unexpected end of data|Invalid (?:tar )?header|Header exceeds)/.test(message))
    throw error
  if (code === 'ENOENT') return new UserError(`There is no bundle ${file}.`)
  if (code === 'EACCES') return new UserError(`${file} cannot be opened: permission denied.`)
  if (code?.startsWith('E') === true && !code.startsWith('ERR_'))
    return new UserError(`${file} cannot be read: ${code}.`, null, { cause: error })
  const cut = code === 'Z_BUF_ERROR' || /unexpected end/i.test(message)
  return new UserError(
    `${file} ${cut ? 'is cut off: it ends too early' : 'is no gzipped tar archive'}.`,
    cut ? copyAgain(file) : 'A bundle is a directory, or a .tar.gz of one, that holds bundle.json.',
    { cause: error },
  )
}

/** A file that is cut off was not copied to its end: how to see that, and what to do. */
function copyAgain(file: string): string {
  const sum = sh`sha256sum ${file}`
  return `Copy it again from where it was written, in binary mode.${'line' in sum ? ` It is whole where this says the same in both places: ${sum.line}` : ''}`
}

/** How an entry is called inside the bundle: without the one top folder, where there is one. */
function namer(names: readonly string[]): (name: string) => string {
  const tops = new Set(names.map((name) => name.split('/')[0] ?? ''))
  const [top] = tops
  return top === undefined || tops.size !== 1 || names.includes('bundle.json') || folders.includes(top)
    ? (name) => name
    : (name) => name.slice(top.length + 1)
}

const renamed = <T>(entries: ReadonlyMap<string, T>, name: (entry: string) => string): ReadonlyMap<string, T> =>
  new Map([...entries].map(([entry, value]) => [name(entry), value]))
