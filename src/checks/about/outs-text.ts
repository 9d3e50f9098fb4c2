import { excludeLabel, outsOf, type Out } from '../../lb/metallb/out.ts'
import { inWords } from '../../net/words.ts'

/** `a and b have no speaker; c carries the label …`: the nodes that fall out, by reason. */
export const outsText = (funnel: Parameters<typeof outsOf>[0]): string =>
  outsOf(funnel)
    .map(({ reason, nodes }) => `${inWords(nodes)} ${words[reason][nodes.length === 1 ? 0 : 1]}`)
    .join('; ')

/** What is said of one node, and of several. */
const words: Readonly<Record<Out, readonly [string, string]>> = {
  'network-unavailable': ['has the condition NetworkUnavailable', 'have the condition NetworkUnavailable'],
  'exclude-label': [`carries the label ${excludeLabel}`, `carry the label ${excludeLabel}`],
  cordoned: ['is cordoned', 'are cordoned'],
  'no-l2-advertisement': [
    'is selected by no L2Advertisement of the pool',
    'are selected by no L2Advertisement of the pool',
  ],
  'no-bgp-advertisement': [
    'is selected by no BGPAdvertisement of the pool',
    'are selected by no BGPAdvertisement of the pool',
  ],
  'no-speaker': ['has no speaker', 'have no speaker'],
  'speaker-not-ready': ['has no ready speaker', 'have no ready speaker'],
  'no-endpoint': ['finds no ready endpoint', 'find no ready endpoint'],
  'no-own-endpoint': ['has no ready endpoint of its own', 'have no ready endpoint of their own'],
  'no-peer': ['is selected by no BGPPeer', 'are selected by no BGPPeer'],
  'peers-not-named': [
    'has only BGPPeers that the advertisement does not name',
    'have only BGPPeers that the advertisement does not name',
  ],
}
