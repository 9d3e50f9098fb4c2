import { gap, isAbsent, type Gap } from '../gap.ts'
import type { Gathered, Store } from '../store.ts'
import { awsAnswer } from './aws-answers.ts'
import { isNamedAsInBundle, notRead } from '../unread.ts'
import { gather } from './gather.ts'

/** Folders of a bundle in which files have names that say what they are. */
const otherwiseRead = new Set(['nodes', 'captures', 'openstack'])

/** Files that may be answers of a tool, by their names: at the top what somebody wrote by `>`, below it what tools write. */
const atTop = /^[^.]+$|\.(?:json|ya?ml|txt|out|log)$/
const below = /\.(?:json|ya?ml)$/

/** As many files are looked into, and so deep: the folder that was named may be any. */
const most = 5000
const deepest = 8

/** A store that also answers with what files of other names hold; `notRead` says which of those it did not understand. */
interface LooseStore extends Store {
  readonly notRead: readonly Gap[]
}

/**
 * A store in which answers of kubectl and aws are found under any name, and are the files of a bundle: those of `kubectl cluster-info dump`,
 * of a support bundle, of `kubectl get … > NAME`. A file that is called as in a bundle goes before.
 */
export function withLooseFiles(store: Store): LooseStore {
  const { files, isAll } = looseFiles(store)
  if (files.length === 0) return { ...store, notRead: [] }
  const { listings, wrong, unread } = gather(store, files)
  const gathered = (path: string): Gathered | null => (isAbsent(store.read(path)) ? (listings.get(path) ?? null) : null)
  const doubled = [...listings].filter(([path]) => gathered(path) === null)
  const hasManifest = !isAbsent(store.read('bundle.json'))
  return {
    ...store,
    gathered,
    read: (path) => {
      const found = gathered(path)
      return found === null ? store.read(path) : asPrinted(path, found)
    },
    list: (folder) => {
      const added = [...listings.keys()].filter((path) => path.startsWith(`${folder}/`))
      const names = added.map((path) => path.slice(folder.length + 1))
      return names.length === 0 ? store.list(folder) : [...new Set([...store.list(folder), ...names])].sort()
    },
    notRead: [
      ...wrong,
      ...doubled.flatMap(([path, { items }]) =>
        items.slice(0, 1).map(({ file }) => gap(file, `not read: ${path} is there, too`)),
      ),
      ...unread.filter(isInLayout).map(notRead),
      ...(hasManifest ? [] : summed(unread.filter((path) => !isInLayout(path)))),
      ...(isAll ? [] : [gap('…', `more than ${String(most)} files: the others were not looked into`)]),
    ],
  }
}

const isInLayout = (path: string): boolean => /^(?:kubernetes|aws)\//.test(path)

/** The listing as the tool would have printed it at once: for what looks into it as text. */
function asPrinted(path: string, { items }: Gathered): Uint8Array {
  const values = items.map(({ value }) => value)
  const answer = path.startsWith('aws/') ? awsAnswer(path, values) : { apiVersion: 'v1', items: values, kind: 'List' }
  return Buffer.from(JSON.stringify(answer, null, 1))
}

/** Files of kinds that no check needs are many in a dump of a whole cluster: they are counted. */
const summed = ([first, ...others]: readonly string[]): readonly Gap[] =>
  first === undefined
    ? []
    : [
        gap(
          first,
          `not read${others.length === 0 ? '' : `, like ${String(others.length)} more`}: nothing here needs what it holds`,
        ),
      ]

/** The files that may be answers of a tool and are not called as in a bundle. */
function looseFiles(store: Store): { readonly files: readonly string[]; readonly isAll: boolean } {
  const files: string[] = []
  const walk = (folder: string, depth: number): void => {
    for (const name of store.list(folder)) {
      if (files.length > most) return
      const path = folder === '' ? name : `${folder}/${name}`
      if (depth === 0 && otherwiseRead.has(name) && store.list(path).length > 0) continue
      const isFolder = depth < deepest && store.list(path).length > 0
      if (isFolder) walk(path, depth + 1)
      else if (!isNamedAsInBundle(path) && (depth === 0 ? atTop : below).test(name)) files.push(path)
    }
  }
  walk('', 0)
  return { files: files.slice(0, most), isAll: files.length <= most }
}
