import type { Scene } from '../../journey/scene.ts'
import type { Step } from '../../node/trace/types.ts'
import { counted } from '../../net/words.ts'
import type { Stop } from './stops.ts'

/** All that a picture shows. `client` is told in at most two short lines, `title` to those who hear the page. */
export interface Drawn {
  readonly scene: Scene
  readonly stops: readonly Stop[]
  readonly client: readonly string[]
  readonly title: string
  readonly reason: string | null
}

/** A pod, or what a picture has in its place. */
export interface EndCard {
  readonly title: string
  readonly node: string
  readonly share: string
}

/** At most `most` cards: of more ends the last card counts the rest. */
export function endCards({ ends }: Scene, most: number): readonly EndCard[] {
  if (ends.length === 0) return [{ title: 'no endpoint', node: '', share: '' }]
  const shown = ends.length > most ? ends.slice(0, most - 1) : ends
  const rest = ends.slice(shown.length)
  const cards = shown.map(({ pod, place, node, share }) => ({
    title: pod?.split('/').at(-1) ?? place,
    node: node ?? (pod === null ? '' : place),
    share: shareText(share),
  }))
  if (rest.length === 0) return cards
  const shares = rest.map(({ share }) => share)
  const sum = shares.includes(null) ? null : shares.reduce<number>((total, share) => total + (share ?? 0), 0)
  return [
    ...cards,
    {
      title: `${rest.length} more`,
      node: counted(new Set(rest.map(({ node }) => node)).size, 'node'),
      share: shareText(sum),
    },
  ]
}

const shareText = (share: number | null): string => (share === null ? '' : `${Math.round(share * 100)} %`)

/** Nodes in the room of one: the first, and how many more. */
export function nodesText(nodes: readonly string[]): string {
  const [first] = nodes
  if (first === undefined) return 'no node known'
  return nodes.length === 1 ? first : `${first} +${nodes.length - 1}`
}

/** The chains whose rules decided, each once, in the packet's order; without those that every packet meets, named as their hooks. */
export function chainNames(rules: readonly Step[], most: number): readonly string[] {
  const own = rules.filter(({ chain, hook }) => chain !== '' && chain.toLowerCase() !== hook.toLowerCase())
  const names = [...new Set(own.map(({ chain }) => chain))]
  return names.length > most ? [...names.slice(0, most - 1), `+${names.length - most + 1} more`] : names
}

/** What the bubble says where the packet's way ends; null where it does not. */
export function endWords({
  stops,
  reason,
}: Drawn): { title: string; short: string; text: string; kind: string } | null {
  const end = stops.find(({ reach }) => reach === 'ends')
  if (end === undefined) return null
  return end.status === 'unknown'
    ? { title: 'From here on it is not known', short: 'not known', text: end.brief, kind: 'unknown' }
    : { title: 'The packet dies here', short: 'it dies here', text: reason ?? end.brief, kind: 'fail' }
}
