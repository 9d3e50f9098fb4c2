import { readManifest } from '../evidence/manifest.ts'
import { memoryStore } from '../evidence/store.ts'
import { counted } from '../net/words.ts'
import { byReason } from './by-reason.ts'
import { wrap } from './wrap.ts'

/** What the files do not say of a collection. `replaced`: by a redaction; null where nothing was to be. */
export interface Collected {
  readonly replaced: readonly { readonly count: number; readonly what: string }[] | null
  readonly nodesAsked: boolean
  readonly onLan: boolean
  readonly width: number
}

/** Of so many reasons each is told; the bundle has all. */
const toldReasons = 3

/** What a bundle holds, what could not be read and why, and what was not asked; `empty` where nothing was read at all. */
export function collectionSummary(
  place: string,
  files: ReadonlyMap<string, Uint8Array>,
  { replaced, nodesAsked, onLan, width }: Collected,
): { readonly text: string; readonly empty: boolean } {
  const gaps = readManifest(memoryStore(files), place).gaps.map((gap) => ({ ...gap, hides: [] }))
  const accountAsked =
    onLan || [...files.keys(), ...gaps.map(({ source }) => source)].some((path) => path.startsWith('aws/'))
  const reasons = byReason(gaps)
  const lines = [
    ...reasons
      .slice(0, toldReasons)
      .map(
        ({ reason, sources }) =>
          `not read: ${reason}: ${sources.length === 1 ? (sources[0] ?? '') : counted(sources.length, 'file')}`,
      ),
    ...(reasons.length > toldReasons
      ? [`and ${counted(reasons.length - toldReasons, 'more reason')}, in its bundle.json`]
      : []),
    ...(nodesAsked ? [] : ['not asked: the nodes (--nodes ssh, --nodes pod, or --node-output)']),
    ...(accountAsked ? [] : ['not asked: AWS, since no node says that it is on EC2 (--region REGION asks it)']),
    ...(replaced === null
      ? []
      : [`replaced: ${replaced.map(({ count, what }) => `${String(count)} ${what}`).join(', ')}`]),
  ]
  const counts = `${place}: ${counted(files.size, 'file')}, ${counted(gaps.length, 'gap')}`
  const text = [counts, ...lines.flatMap((line) => wrap(line, width, '    ', '  '))].join('\n')
  return { text: `${text}\n`, empty: files.size === 1 }
}
