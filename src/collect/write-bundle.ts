import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import tar from 'tar-stream'
import { UserError } from '../evidence/user-error.ts'

/**
 * Writes the files of a bundle as a `.tar.gz` or, where the name says nothing of an archive, as a directory; readable by its owner only.
 * The final name appears when all is written, by a rename, so nobody ever meets half a bundle under it. `time` dates the entries; `force`
 * replaces a bundle that is there.
 *
 * @throws UserError where the place cannot be written to, or something is in the way.
 */
export async function writeBundle(
  target: string,
  files: ReadonlyMap<string, Uint8Array>,
  { time, force }: { readonly time: string; readonly force: boolean },
): Promise<void> {
  refuseUnwritable(target, force)
  try {
    if (isArchive(target)) await writeArchive(target, files, new Date(time))
    else writeDirectory(target, files)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const why = {
      ENOENT: 'there is no such directory',
      EACCES: 'permission denied',
      ENOSPC: 'the disk is full',
      EROFS: 'the file system is read-only',
    }[code]
    throw new UserError(`The bundle cannot be written to ${target}: ${why ?? message}.`, null, { cause: error })
  }
}

/** Says early, before minutes of reading, that a bundle could not be written there. `force`: a bundle that is there is replaced. */
export function refuseUnwritable(target: string, force: boolean): void {
  const folder = path.dirname(path.resolve(target))
  if (!existsSync(folder))
    throw new UserError(`The bundle cannot be written to ${target}: there is no directory ${folder}.`)
  const there = statSync(target, { throwIfNoEntry: false })
  if (there === undefined) return
  if (isArchive(target) && there.isDirectory())
    throw new UserError(`The bundle cannot be written to ${target}: it is a directory.`)
  // Nothing but a bundle is ever replaced.
  if (isArchive(target) ? force : there.isDirectory() && (isEmpty(target) || (force && isBundle(target)))) return
  throw new UserError(
    `The bundle cannot be written to ${target}: it is there already.`,
    isArchive(target) || isBundle(target)
      ? '--force replaces it; or name another.'
      : 'Name a new directory, or a file that ends in .tar.gz.',
  )
}

const isArchive = (target: string): boolean => /\.(tar\.gz|tgz)$/.test(target)
const isEmpty = (folder: string): boolean => readdirSync(folder).length === 0
const isBundle = (folder: string): boolean => existsSync(path.join(folder, 'bundle.json'))

async function writeArchive(target: string, files: ReadonlyMap<string, Uint8Array>, mtime: Date): Promise<void> {
  const unfinished = `${target}.${String(process.pid)}.part`
  try {
    const pack = tar.pack()
    const writing = pipeline(pack, createGzip(), createWriteStream(unfinished, { mode: 0o600, flush: true }))
    const feeding = (async () => {
      for (const [name, bytes] of files) {
        const header = { name, size: bytes.length, mode: 0o600, mtime }
        await new Promise<void>((resolve, reject) => {
          pack.entry(header, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), (error) => {
            if (error) reject(error)
            else resolve()
          })
        })
      }
      pack.finalize()
    })()
    // Where writing fails, feeding would wait for ever.
    await Promise.race([writing, feeding.then(() => writing)])
    renameSync(unfinished, target)
  } finally {
    rmSync(unfinished, { force: true })
  }
}

function writeDirectory(target: string, files: ReadonlyMap<string, Uint8Array>): void {
  const unfinished = mkdtempSync(`${path.resolve(target)}.part-`)
  try {
    for (const [name, bytes] of files) {
      const file = path.join(unfinished, name)
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(file, bytes, { mode: 0o600 })
    }
    // A directory is renamed onto an empty one only.
    const before = `${unfinished}.before`
    if (existsSync(target)) renameSync(target, before)
    renameSync(unfinished, path.resolve(target))
    rmSync(before, { force: true, recursive: true })
  } finally {
    rmSync(unfinished, { force: true, recursive: true })
  }
}
