import { statSync } from 'node:fs'
import { openArchive } from '../evidence/archive-store.ts'
import { directoryStore } from '../evidence/directory-store.ts'
import { asMetallbReads } from '../lb/metallb/config-map.ts'
import { evidenceOf, type Evidence } from '../evidence/evidence.ts'
import { readManifest } from '../evidence/manifest.ts'
import type { Store } from '../evidence/store.ts'
import { UserError } from '../evidence/user-error.ts'

/**
 * Opens a bundle: a directory or a `.tar.gz`.
 *
 * @throws UserError where the path is not there or holds no bundle of this format.
 */
export async function openBundle(path: string): Promise<Evidence> {
  const store = await openStore(path)
  return asMetallbReads(evidenceOf(store, readManifest(store, path)))
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
