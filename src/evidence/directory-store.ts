import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { gap, type Known } from './gap.ts'
import { notInBundle, staysInside, type Store } from './store.ts'
import { UserError } from './user-error.ts'

/** A bundle as a directory. A file is read when it is asked for, so a bundle of 500 nodes costs what the asked path costs. */
export function directoryStore(root: string): Store {
  const realRoot = realpathSync(root)
  return {
    read: (name) => readInside(realRoot, name),
    list: (folder) => {
      try {
        return readdirSync(path.join(realRoot, folder)).sort()
      } catch {
        return []
      }
    },
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
    return gap(name, reasonOf(error as NodeJS.ErrnoException, full))
  }
}

function reasonOf(error: NodeJS.ErrnoException, full: string): string {
  switch (error.code) {
    case 'ENOENT':
      return lstatSync(full, { throwIfNoEntry: false }) === undefined ? notInBundle : 'a symbolic link to nothing'
    case 'ENOTDIR':
      return notInBundle
    case 'EACCES':
    case 'EPERM':
      return 'cannot be opened: permission denied'
    case 'EISDIR':
      return 'a directory, not a file'
    default:
      return `cannot be read: ${error.code ?? error.message}`
  }
}
