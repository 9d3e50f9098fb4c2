import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openArchive } from '../../src/evidence/archive-store.ts'
import { evidenceOf, type Evidence } from '../../src/evidence/evidence.ts'
import { absence, isGap } from '../../src/evidence/gap.ts'
import { readManifest } from '../../src/evidence/manifest.ts'
import { asMetallbReads } from '../../src/lb/metallb/config-map.ts'
import type { Store } from '../../src/evidence/store.ts'

const folder = new URL('../../fixtures/bundles/', import.meta.url)

/** The names of the recorded bundles. */
export const fixtureNames: readonly string[] = readdirSync(folder)
  .map((name) => name.replace(/\.tar\.gz$/, ''))
  .sort()

/** The names of the bundles that were made by hand after documented formats, and not recorded (fixtures/README.md). */
export const madeNames: readonly string[] = readdirSync(new URL('../made/', folder))
  .map((name) => name.replace(/\.tar\.gz$/, ''))
  .sort()

export const fixturePath = (name: string): string =>
  fileURLToPath(new URL(`${madeNames.includes(name) ? '../made/' : ''}${name}.tar.gz`, folder))

/** What a client really saw in a recording. */
export interface Truth {
  readonly fabric?: 'lan'
  readonly vip: string | null
  readonly port: number
  readonly service: string | null
  readonly client: string
  readonly clientSaw: readonly string[] | null
  readonly nodeSaw: readonly string[] | null
  readonly announcer: string | null
  readonly holder?: string
  readonly what: string
  readonly nodePort?: { readonly port: number; readonly bastionSaw: Readonly<Record<string, string>> }
  readonly clusterIP?: { readonly ip: string; readonly 'worker-1 saw': string }
  readonly pod?: {
    readonly name: string
    readonly node: string
    readonly ip: string
    readonly 'saw the VIP': readonly string[]
    readonly 'saw the ClusterIP': readonly string[]
  }
}

const stores = new Map<string, Promise<Store>>()

/** The files of a recorded bundle. */
export function fixtureStore(name: string): Promise<Store> {
  const store = stores.get(name) ?? openArchive(fixturePath(name))
  stores.set(name, store)
  return store
}

/** What a recorded bundle holds: evidence never changes, so that what was read for one test holds for the next. */
interface Recorded {
  readonly store: Store
  readonly raw: Evidence
  readonly evidence: Evidence
}
const recordings = new Map<string, Promise<Recorded>>()

function recorded(name: string): Promise<Recorded> {
  const known = recordings.get(name) ?? fixtureStore(name).then((store) => recordedIn(store, name))
  recordings.set(name, known)
  return known
}

function recordedIn(store: Store, name: string): Recorded {
  const raw = evidenceOf(store, readManifest(store, name))
  return { store, raw, evidence: asMetallbReads(raw) }
}

export const fixture = async (name: string): Promise<Evidence> => (await recorded(name)).evidence

export async function truthOf(name: string): Promise<Truth> {
  const bytes = (await fixtureStore(name)).read('truth.json')
  if (isGap(bytes)) throw new Error(`${name} has no truth.json`)
  return JSON.parse(Buffer.from(bytes).toString()) as Truth
}

/** A case after a public report (fixtures/wild), with named changes. */
export async function wild(name: string, changes: Readonly<Record<string, Change>> = {}): Promise<Evidence> {
  const path = fileURLToPath(new URL(`../wild/${name}.tar.gz`, folder))
  return changed(recordedIn(await openArchive(path), name), name, changes)
}

/** How one file of a bundle is changed: to another text or other bytes, by a function over its text or its JSON, or `null` to take it away. */
export type Change = string | Uint8Array | null | ((text: string) => string)

/**
 * A recording with named changes: the scenario of a fault that was not recorded. A path that ends in `/` takes a whole folder away.
 * A function over a file that is not there is a mistake of the test and throws.
 */
export async function variant(name: string, changes: Readonly<Record<string, Change>>): Promise<Evidence> {
  return changed(await recorded(name), name, changes)
}

/** Where nothing of a node, of the cluster or of the account is changed, what was read of it is not read again. */
function changed(base: Recorded, name: string, changes: Readonly<Record<string, Change>>): Evidence {
  const store = changedStore(base.store, changes)
  const raw = evidenceOf(store, readManifest(store, name))
  const isSame = (folder: string): boolean =>
    Object.keys(changes).every((path) => path.includes('/') && !path.startsWith(folder) && !folder.startsWith(path))
  return asMetallbReads({
    ...raw,
    kubernetes: (isSame('kubernetes/') ? base.raw : raw).kubernetes,
    aws: (isSame('aws/') ? base.raw : raw).aws,
    node: (node) => (isSame(`nodes/${node}/`) ? base.raw : raw).node(node),
  })
}

/** A change of a JSON file by a function that edits its value in place. */
export function editJson(edit: (value: Json) => void): Change {
  return (text) => {
    const value: unknown = JSON.parse(text)
    edit(value)
    return JSON.stringify(value)
  }
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test edits recorded JSON of any shape, and a wrong path fails the test
export type Json = any

export function changedStore(base: Store, changes: Readonly<Record<string, Change>>): Store {
  const gone = (path: string) =>
    Object.entries(changes).some(([key, change]) => change === null && key.endsWith('/') && path.startsWith(key))
  return {
    read: (path) => {
      if (gone(path)) return absence(path)
      const change = changes[path]
      if (change === undefined) return base.read(path)
      if (change === null) return absence(path)
      if (typeof change === 'string') return Buffer.from(change)
      if (change instanceof Uint8Array) return change
      const bytes = base.read(path)
      if (isGap(bytes)) throw new Error(`${path} is not in the recording`)
      return Buffer.from(change(Buffer.from(bytes).toString()))
    },
    list: (inside) => {
      const prefix = inside === '' ? '' : `${inside}/`
      const added = Object.entries(changes).flatMap(([path, change]) =>
        change !== null && path.startsWith(prefix) ? [path.slice(prefix.length).split('/')[0] ?? ''] : [],
      )
      const kept = base
        .list(inside)
        .filter((entry) => changes[`${prefix}${entry}`] !== null && !gone(`${prefix}${entry}/`))
      return [...new Set([...kept, ...added])].sort()
    },
  }
}
