import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { absence, gap, type Known } from './gap.ts'
import { readRegularFile, UnreadableError } from './input.ts'
import { staysInside, type Store } from './store.ts'
import { UserError } from './user-error.ts'

/** A bundle as a directory. A file is read when it is asked for, so a bundle of 500 nodes costs what the asked path costs. */
export function directoryStore(root: string): Store {
  const realRoot = realpathSync(root)
  const listed = new Map<string, readonly string[] | null>()
  const namesOf = (folder: string): readonly string[] | null => {
    const names = listed.has(folder) ? listed.get(folder) : namesIn(realRoot, folder)
    listed.set(folder, names ?? null)
    return names ?? null
  }
  return {
    // Of most nodes of a large cluster nothing was read, and every kind is asked of each: the folder's list answers that.
    read: (name) =>
      staysInside(name) && namesOf(parentOf(name))?.length === 0 ? absence(name) : readInside(realRoot, name),
    list: (folder) => namesOf(folder) ?? [],
    newest: () => newestIn(realRoot),
  }
}

function newestIn(root: string): string | null {
  const times = readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile()
      ? (lstatSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.mtimeMs ?? [])
      : [],
  )
  return times.length === 0 ? null : new Date(times.reduce((one, other) => Math.max(one, other))).toISOString()
}

const parentOf = (name: string): string => name.slice(0, Math.max(name.lastIndexOf('/'), 0))

/** The names in a folder; none where it is not there, null where it cannot be listed. */
function namesIn(root: string, folder: string): readonly string[] | null {
  try {
    return readdirSync(realInside(root, folder)).sort()
  } catch (error) {
    if (error instanceof UserError) throw error
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null
  }
}

/** @throws UserError where a symbolic link leads out of the bundle: such a bundle is refused whole, not read in part. */
function realInside(root: string, name: string): string {
  if (name !== '' && !staysInside(name))
    throw new UserError(`The bundle names a path outside itself, or too deep: ${JSON.stringify(name.slice(0, 200))}.`)
  const real = realpathSync(path.join(root, name))
  if (real === root || real.startsWith(root + path.sep)) return real
  throw new UserError(
    `${name} in the bundle is a symbolic link that leads out of it.`,
    'Replace it by the file itself.',
  )
}

function readInside(root: string, name: string): Known<Uint8Array> {
  try {
    return readRegularFile(realInside(root, name))
  } catch (error) {
    if (error instanceof UserError) throw error
    if (error instanceof UnreadableError) return gap(name, error.message)
    const { code } = error as NodeJS.ErrnoException
    const isLink = code === 'ENOENT' && lstatSync(path.join(root, name), { throwIfNoEntry: false }) !== undefined
    if (code === 'ENOTDIR' || (code === 'ENOENT' && !isLink)) return absence(name)
    return gap(name, isLink ? 'a symbolic link to nothing' : reasonOf(error as NodeJS.ErrnoException))
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'cannot be opened: permission denied'
    default:
      return `cannot be read: ${code ?? message}`
  }
}
