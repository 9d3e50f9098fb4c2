import { statSync } from 'node:fs'
import path from 'node:path'
import { openArchive } from '../evidence/archive-store.ts'
import { directoryStore } from '../evidence/directory-store.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { asWritten } from '../evidence/as-written.ts'
import { readRegularFile, UnreadableError } from '../evidence/input.ts'
import { folders } from '../evidence/manifest.ts'
import { memoryStore, type Store } from '../evidence/store.ts'
import { UserError } from '../evidence/user-error.ts'
import { evidenceIn } from './evidence-in.ts'

/**
 * Opens a bundle: a directory, a `.tar.gz`, or one file of answers, as they were handed in.
 *
 * @throws UserError where the path is not there or holds no bundle of this format.
 */
export async function openBundle(bundle: string): Promise<Evidence> {
  return evidenceIn(asWritten(await openStore(bundle)), bundle)
}

async function openStore(bundle: string): Promise<Store> {
  if (isDirectory(bundle)) return withoutTop(directoryStore(bundle))
  return /\.(?:json|ya?ml)(?:\.gz)?$/i.test(bundle) ? oneFile(bundle) : openArchive(bundle)
}

/** One folder around everything, as an archive unpacks to, is left out. */
function withoutTop(store: Store): Store {
  const [top, ...others] = store.list('')
  if (top === undefined || others.length > 0 || folders.includes(top) || store.list(top).length === 0) return store
  return {
    ...store,
    read: (path) => store.read(`${top}/${path}`),
    list: (folder) => store.list(folder === '' ? top : `${top}/${folder}`),
  }
}

/** One answer of kubectl or aws, by itself. */
function oneFile(file: string): Store {
  try {
    const newest = statSync(file).mtime.toISOString()
    return { ...memoryStore(new Map([[path.basename(file), readRegularFile(file)]])), newest: () => newest }
  } catch (error) {
    if (error instanceof UnreadableError) throw new UserError(`${file} is ${error.message}.`)
    throw error
  }
}

function isDirectory(bundle: string): boolean {
  try {
    return statSync(bundle).isDirectory()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const none = code === 'ENOENT' || code === 'ENOTDIR'
    throw new UserError(none ? `There is no bundle ${bundle}.` : `${bundle} cannot be opened: ${code}.`, null, {
      cause: error,
    })
  }
}
