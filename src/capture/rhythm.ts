import { broadcastMac } from './frame.ts'
import type { NeighbourMessage } from './neighbour-message.ts'

/** Whose habit the unasked claims of one sender show; null where there are too few to tell. */
export type Rhythm = 'metallb' | 'kube-vip' | null

const ns = 1_000_000
/** MetalLB repeats its round every 1.1 s until 5 s have passed (metallb v0.16.1, internal/layer2/announcer.go). */
const metallbRound = { from: 800 * ns, to: 1_500 * ns }
/** kube-vip's `vip_arpRate`, 3 s unless it is set (kube-vip v1.2.3, pkg/arp/arp.go). */
const kubeVipTick = { from: 2_500 * ns, to: 3_500 * ns }
/** The two frames of one round of MetalLB were up to 1.6 ms apart in the recordings; a busy host may take longer. */
const sameRound = 200 * ns

/**
 * Tells the two announcers apart. MetalLB sends rounds of a request and a reply, the target MAC broadcast in both (over NDP one
 * advertisement), 1.1 s apart, and falls silent. kube-vip sends one frame every 3 s for ever, request and reply by turns.
 */
export function rhythmOf(claims: readonly NeighbourMessage[]): Rhythm {
  const rounds: NeighbourMessage[][] = []
  for (const claim of claims) {
    const last = rounds.at(-1)
    if (last?.[0] !== undefined && Number(claim.timeNs - last[0].timeNs) < sameRound) last.push(claim)
    else rounds.push([claim])
  }
  if (rounds.some(isMetallbPair)) return 'metallb'
  const gaps = rounds.slice(1).map(([first], index) => gapOf(rounds[index]?.[0], first))
  if (gaps.length === 0) return null
  if (gaps.every((gap) => within(gap, kubeVipTick))) return 'kube-vip'
  const overNdp = claims.every(({ kind }) => kind === 'unsolicited advertisement')
  return overNdp && gaps.some((gap) => within(gap, metallbRound)) ? 'metallb' : null
}

function isMetallbPair(round: readonly NeighbourMessage[]): boolean {
  const kinds = new Set(round.map(({ kind }) => kind))
  return (
    kinds.has('gratuitous request') &&
    kinds.has('gratuitous reply') &&
    round.every(({ targetMac }) => targetMac === broadcastMac)
  )
}

const gapOf = (one: NeighbourMessage | undefined, other: NeighbourMessage | undefined): number =>
  one === undefined || other === undefined ? 0 : Number(other.timeNs - one.timeNs)

const within = (gap: number, { from, to }: { readonly from: number; readonly to: number }): boolean =>
  gap >= from && gap <= to
