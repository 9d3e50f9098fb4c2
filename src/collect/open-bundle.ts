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
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new UserError(`There is no bundle ${path}.`)
  return stat.isDirectory() ? directoryStore(path) : openArchive(path)
}
