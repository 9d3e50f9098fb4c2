import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { objectName, type BGPPeer } from '../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../net/address.ts'
import { rangeHas } from '../net/range.ts'
import { networksOfNode } from '../node/networks.ts'
import { bgpBackend } from '../lb/metallb/bgp.ts'
import { editCommands, isDerived } from '../lb/metallb/config-map.ts'
import { jsonWord, sh, type Command } from '../net/shell.ts'
import { peerText } from './bgp-sessions.ts'

/** Something in the evidence that keeps a session from coming up, as a clause. */
export interface Obstacle {
  readonly says: string
  readonly proof: Proof
  /** What takes it out of the way, where a line does. */
  readonly mends?: readonly Command[]
}

/** What the objects and the node's networks show to be in the way of a session between a node and a peer. */
export const obstaclesOf = (evidence: Evidence, node: string, peer: BGPPeer): readonly Obstacle[] => [
  ...nativeLimits(evidence, peer),
  ...calicoPeers(evidence, peer),
  ...failedReload(evidence, node),
  ...farPeer(evidence, node, peer),
]

/** What MetalLB's native code refuses (metallb v0.16.1, internal/config/validation.go, DiscardFRROnly). */
function nativeLimits(evidence: Evidence, peer: BGPPeer): readonly Obstacle[] {
  if (bgpBackend(evidence) !== 'native') return []
  const fields = (['bfdProfile', 'vrf', 'interface', 'dynamicASN'] as const).filter(
    (field) => (peer.spec?.[field] ?? '') !== '',
  )
  return fields.map((field) => ({
    says: `${objectName(peer)} sets ${field}, which MetalLB’s native BGP refuses`,
    proof: cite(peer, 'spec', field),
  }))
}

/** A router keeps one session with an address: where Calico peers with it from the same node, one of both stays out. */
export const calicoPeers = (evidence: Evidence, peer: BGPPeer): readonly Obstacle[] =>
  (known(evidence.kubernetes.calicobgppeers) ?? [])
    .filter(({ spec }) => withoutPort(spec?.peerIP ?? '') === peerText(peer))
    .map((calico) => ({
      says: `Calico’s BGPPeer ${objectName(calico)} peers with ${peerText(peer)} too, and a router keeps one session with each node’s address`,
      proof: cite(calico, 'spec', 'peerIP'),
    }))

/** Calico writes `10.0.0.1`, `10.0.0.1:179` or `[2001:db8::1]:179`. */
function withoutPort(text: string): string {
  const host = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return parseAddress(host)?.text ?? host
}

/** frr-k8s says per node whether FRR took its last configuration. */
const failedReload = (evidence: Evidence, node: string): readonly Obstacle[] =>
  (known(evidence.kubernetes.frrnodestates) ?? [])
    .filter(({ metadata }) => metadata?.name === node)
    .flatMap((state) =>
      (['lastConversionResult', 'lastReloadResult'] as const)
        .filter((field) => state.status?.[field]?.startsWith('failed') === true)
        .map((field) => ({
          says: `FRR on ${node} did not take its configuration: ${firstLine(state.status?.[field] ?? '')}`,
          proof: cite(state, 'status', field),
        })),
    )

/** FRR opens a session with another AS over a router only with ebgpMultiHop (MetalLB documentation, "API reference": BGPPeer). */
function farPeer(evidence: Evidence, node: string, peer: BGPPeer): readonly Obstacle[] {
  const { myASN, peerASN, ebgpMultiHop } = peer.spec ?? {}
  const address = parseAddress(peer.spec?.peerAddress)
  if (bgpBackend(evidence) === 'native' || ebgpMultiHop === true || address === null) return []
  if (peerASN === undefined || myASN === undefined || peerASN === myASN) return []
  const networks = networksOfNode(evidence, node)
  if (isGap(networks) || networks.length === 0 || networks.some(({ cidr }) => rangeHas(cidr, address))) return []
  return [
    {
      says: `${peerText(peer)} lies in no network of ${node}, and ${objectName(peer)} lacks ebgpMultiHop`,
      proof: cite(peer, 'spec', 'peerAddress'),
      mends: isDerived(peer)
        ? editCommands(peer, 'bgppeer')
        : [
            sh`kubectl -n ${peer.metadata?.namespace ?? 'metallb-system'} patch bgppeers.metallb.io ${peer.metadata?.name} --type merge -p ${jsonWord({ spec: { ebgpMultiHop: true } })}`,
          ],
    },
  ]
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 160) ?? ''
