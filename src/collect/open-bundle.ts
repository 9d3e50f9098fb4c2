import { statSync } from 'node:fs'
import { openArchive } from '../evidence/archive-store.ts'
import { directoryStore } from '../evidence/directory-store.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { asWritten } from '../evidence/as-written.ts'
import type { Store } from '../evidence/store.ts'
import { UserError } from '../evidence/user-error.ts'
import { evidenceIn } from './evidence-in.ts'

/**
 * Opens a bundle: a directory or a `.tar.gz`, its files as they were handed in.
 *
 * @throws UserError where the path is not there or holds no bundle of this format.
 */
export async function openBundle(path: string): Promise<Evidence> {
  return evidenceIn(asWritten(await openStore(path)), path)
}

async function openStore(path: string): Promise<Store> {
  return isDirectory(path) ? directoryStore(path) : openArchive(path)
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const none = code === 'ENOENT' || code === 'ENOTDIR'
    throw new UserError(none ? `There is no bundle ${path}.` : `${path} cannot be opened: ${code}.`, null, {
      cause: error,
    })
  }
}
