import { statSync } from 'node:fs'
import { openArchive } from '../evidence/archive-store.ts'
import { directoryStore } from '../evidence/directory-store.ts'
import { asMetallbReads } from '../lb/metallb/config-map.ts'
import { evidenceOf, type Evidence } from '../evidence/evidence.ts'
import { asWritten } from '../evidence/as-written.ts'
import { readManifest } from '../evidence/manifest.ts'
import type { Store } from '../evidence/store.ts'
import { unreadFiles } from '../evidence/unread.ts'
import { UserError } from '../evidence/user-error.ts'

/**
 * Opens a bundle: a directory or a `.tar.gz`, its files as they were handed in.
 *
 * @throws UserError where the path is not there or holds no bundle of this format.
 */
export async function openBundle(path: string): Promise<Evidence> {
  const store = asWritten(await openStore(path))
  const evidence = evidenceOf(store, readManifest(store, path))
  const recordedGaps = [...evidence.recordedGaps, ...unreadFiles(store, evidence.kubernetes.nodes)]
  return asMetallbReads({ ...evidence, recordedGaps })
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
