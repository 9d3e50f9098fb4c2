import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { memoryStore, staysInside, type Store } from './store.ts'
import { UserError } from './user-error.ts'

/** What an archive may unfold to; beyond it, it is taken for a bomb. The largest sensible bundle (1,000 nodes of 1 MB) fits. */
export interface ArchiveLimits {
  readonly unpackedBytes: number
  readonly entries: number
}

export const archiveLimits: ArchiveLimits = { unpackedBytes: 2 * 1024 ** 3, entries: 100_000 }

/**
 * Reads a `.tar.gz` bundle into memory. One top folder around everything (`tar czf b.tar.gz mycluster/`) is allowed and left out.
 *
 * @throws UserError for what is no gzipped tar, ends too early, holds a link or a path that leaves it, or unfolds beyond the limits.
 */
export async function openArchive(file: string, limits: ArchiveLimits = archiveLimits): Promise<Store> {
  const files = new Map<string, Uint8Array>()
  const extract = tar.extract()
  const reading = (async () => {
    let entries = 0
    for await (const entry of extract) {
      const { name, type } = entry.header
      entries += 1
      if (entries > limits.entries)
        throw new UserError(`${file} holds more than ${String(limits.entries)} entries; refused.`)
      const inside = name.replace(/^\.\//, '').replace(/\/$/, '')
      if (inside !== '' && inside !== '.' && !staysInside(inside)) {
        throw new UserError(`${file} holds an entry that leaves the bundle: ${JSON.stringify(name)}; refused.`)
      }
      if (type === 'symlink' || type === 'link') {
        throw new UserError(`${file} holds a link (${JSON.stringify(name)}); a bundle has only files; refused.`)
      }
      const chunks: Uint8Array[] = []
      for await (const chunk of entry) chunks.push(chunk as Uint8Array)
      if (type === 'file') files.set(inside, Buffer.concat(chunks))
    }
  })()
  // The reader's own refusal is what the user must see, not the broken pipe that follows from it.
  const feeding = pipeline(createReadStream(file), createGunzip(), bounded(file, limits), async (source) => {
    for await (const chunk of source) await write(extract, chunk)
    await new Promise<void>((resolve) => {
      extract.end(resolve)
    })
  })
  try {
    await Promise.all([reading, feeding])
  } catch (error) {
    extract.destroy()
    await Promise.allSettled([reading, feeding])
    throw asUserError(file, error)
  }
  return memoryStore(withoutTopFolder(files))
}

function write(extract: tar.Extract, chunk: Uint8Array): Promise<void> {
  if (extract.destroyed) return Promise.reject(new Error('reading stopped'))
  if (extract.write(chunk)) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const drained = () => {
      extract.removeListener('close', closed)
      resolve()
    }
    const closed = () => {
      extract.removeListener('drain', drained)
      reject(new Error('reading stopped'))
    }
    extract.once('drain', drained)
    extract.once('close', closed)
  })
}

/** Passes bytes on until they are more than an honest bundle has. */
function bounded(file: string, limits: ArchiveLimits) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    let seen = 0
    for await (const chunk of source) {
      seen += chunk.length
      if (seen > limits.unpackedBytes) {
        throw new UserError(
          `${file} unfolds to more than ${String(Math.round(limits.unpackedBytes / 1024 ** 2))} MiB; refused.`,
        )
      }
      yield chunk
    }
  }
}

function asUserError(file: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new UserError(`There is no bundle ${file}.`)
  if (code === 'EACCES') return new UserError(`${file} cannot be opened: permission denied.`)
  const why = code === 'Z_BUF_ERROR' || /unexpected end/i.test(message) ? 'ends too early' : 'is no gzipped tar archive'
  return new UserError(`${file} ${why}.`, 'A bundle is a directory, or a .tar.gz of one, that holds bundle.json.', {
    cause: error,
  })
}

function withoutTopFolder(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (files.has('bundle.json')) return files
  const tops = new Set([...files.keys()].map((name) => name.split('/')[0] ?? ''))
  const [top] = tops
  if (top === undefined || tops.size !== 1) return files
  return new Map([...files].map(([name, bytes]) => [name.slice(top.length + 1), bytes]))
}
