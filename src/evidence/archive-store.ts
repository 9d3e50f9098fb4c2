import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
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
  try {
    const unpacked = await gunzipped(await readFile(file), { maxOutputLength: limits.unpackedBytes })
    return memoryStore(withoutTopFolder(await untar(file, unpacked, limits)))
  } catch (error) {
    throw asUserError(file, error, limits)
  }
}

const gunzipped = promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>

function untar(file: string, unpacked: Uint8Array, limits: ArchiveLimits): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const extract = tar.extract()
  let entries = 0
  return new Promise((resolve, reject) => {
    extract.on('entry', (header, content, next) => {
      entries += 1
      const inside = header.name.replace(/^\.\//, '').replace(/\/$/, '')
      const refusal =
        entries > limits.entries ? `more than ${String(limits.entries)} entries` : whyRefused(header, inside)
      if (refusal !== null) {
        // Without next() nothing more is read.
        reject(new UserError(`${file} holds ${refusal}; refused.`))
        return
      }
      const chunks: Uint8Array[] = []
      content.on('data', (chunk: unknown) => chunks.push(chunk as Uint8Array))
      content.on('end', () => {
        // One chunk is a view into the unpacked bytes: no copy.
        if (header.type === 'file')
          files.set(inside, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
        next()
      })
    })
    extract.on('finish', () => {
      resolve(files)
    })
    extract.on('error', reject)
    extract.end(unpacked)
  })
}

function whyRefused({ name, type }: tar.Header, inside: string): string | null {
  if (inside !== '' && inside !== '.' && !staysInside(inside))
    return `an entry that leaves the bundle: ${JSON.stringify(name)}`
  return type === 'symlink' || type === 'link' ? `a link (${JSON.stringify(name)}), and a bundle has only files` : null
}

function asUserError(file: string, error: unknown, limits: ArchiveLimits): UserError {
  if (error instanceof UserError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new UserError(`There is no bundle ${file}.`)
  if (code === 'EACCES') return new UserError(`${file} cannot be opened: permission denied.`)
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new UserError(
      `${file} unfolds to more than ${String(Math.round(limits.unpackedBytes / 1024 ** 2))} MiB; refused.`,
    )
  }
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
