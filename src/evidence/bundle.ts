import { statSync } from 'node:fs'
import { openArchive } from './archive-store.ts'
import { directoryStore } from './directory-store.ts'
import { evidenceOf, type Evidence } from './evidence.ts'
import { readManifest } from './manifest.ts'
import type { Store } from './store.ts'
import { UserError } from './user-error.ts'

/**
 * Opens a bundle: a directory or a `.tar.gz`.
 *
 * @throws UserError where the path is not there or holds no bundle of this format.
 */
export async function openBundle(path: string): Promise<Evidence> {
  const store = await openStore(path)
  return evidenceOf(store, readManifest(store, path))
}

async function openStore(path: string): Promise<Store> {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new UserError(`There is no bundle ${path}.`)
  return stat.isDirectory() ? directoryStore(path) : openArchive(path)
}
