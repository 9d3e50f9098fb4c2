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
 * The final name appears when all is written, by a rename, so nobody ever meets half a bundle under it. `time` dates the entries.
 *
 * @throws UserError where the place cannot be written to, or a directory that is not empty is in the way.
 */
export async function writeBundle(target: string, files: ReadonlyMap<string, Uint8Array>, time: string): Promise<void> {
  try {
    if (/\.(tar\.gz|tgz)$/.test(target)) await writeArchive(target, files, new Date(time))
    else writeDirectory(target, files)
  } catch (error) {
    if (error instanceof UserError) throw error
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

/** Says early, before minutes of reading, that a bundle could not be written there. */
export function refuseUnwritable(target: string): void {
  const folder = path.dirname(path.resolve(target))
  if (!existsSync(folder))
    throw new UserError(`The bundle cannot be written to ${target}: there is no directory ${folder}.`)
  const there = statSync(target, { throwIfNoEntry: false })
  if (there === undefined) return
  const archive = /\.(tar\.gz|tgz)$/.test(target)
  if (archive && there.isDirectory())
    throw new UserError(`The bundle cannot be written to ${target}: it is a directory.`)
  if (!archive && (!there.isDirectory() || readdirSync(target).length > 0)) {
    throw new UserError(
      `The bundle cannot be written to ${target}: it is there already.`,
      'Name a new directory, or a file that ends in .tar.gz.',
    )
  }
}

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
  refuseUnwritable(target)
  const unfinished = mkdtempSync(`${path.resolve(target)}.part-`)
  try {
    for (const [name, bytes] of files) {
      const file = path.join(unfinished, name)
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(file, bytes, { mode: 0o600 })
    }
    renameSync(unfinished, path.resolve(target))
  } finally {
    rmSync(unfinished, { force: true, recursive: true })
  }
}
