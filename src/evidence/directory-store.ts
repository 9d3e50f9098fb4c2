import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { absence, gap, type Known } from './gap.ts'
import { staysInside, type Store } from './store.ts'
import { UserError } from './user-error.ts'

/** A bundle as a directory. A file is read when it is asked for, so a bundle of 500 nodes costs what the asked path costs. */
export function directoryStore(root: string): Store {
  const realRoot = realpathSync(root)
  const listed = new Map<string, readonly string[] | null>()
  const namesOf = (folder: string): readonly string[] | null => {
    const names = listed.has(folder) ? listed.get(folder) : namesIn(path.join(realRoot, folder))
    listed.set(folder, names ?? null)
    return names ?? null
  }
  return {
    // Of most nodes of a large cluster nothing was read, and every kind is asked of each: the folder's list answers that.
    read: (name) =>
      staysInside(name) && namesOf(parentOf(name))?.length === 0 ? absence(name) : readInside(realRoot, name),
    list: (folder) => namesOf(folder) ?? [],
  }
}

const parentOf = (name: string): string => name.slice(0, Math.max(name.lastIndexOf('/'), 0))

/** The names in a folder; none where it is not there, null where it cannot be listed. */
function namesIn(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null
  }
}

/** @throws UserError where a symbolic link leads out of the bundle: such a bundle is refused whole, not read in part. */
function readInside(root: string, name: string): Known<Uint8Array> {
  if (!staysInside(name)) throw new UserError(`The bundle names a path outside itself: ${JSON.stringify(name)}.`)
  const full = path.join(root, name)
  try {
    const real = realpathSync(full)
    if (real !== root && !real.startsWith(root + path.sep)) {
      throw new UserError(
        `${name} in the bundle is a symbolic link that leads out of it.`,
        'Replace it by the file itself.',
      )
    }
    return readFileSync(real)
  } catch (error) {
    if (error instanceof UserError) throw error
    const { code } = error as NodeJS.ErrnoException
    const isLink = code === 'ENOENT' && lstatSync(full, { throwIfNoEntry: false }) !== undefined
    if (code === 'ENOTDIR' || (code === 'ENOENT' && !isLink)) return absence(name)
    return gap(name, isLink ? 'a symbolic link to nothing' : reasonOf(error as NodeJS.ErrnoException))
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return 'cannot be opened: permission denied'
    case 'EISDIR':
      return 'a directory, not a file'
    default:
      return `cannot be read: ${error.code ?? error.message}`
  }
}
