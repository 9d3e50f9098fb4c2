import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, known, type Known } from '../evidence/gap.ts'
import { kubernetesFile, type BGPPeer } from '../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../net/address.ts'
import { samplesOf } from '../node/metrics.ts'
import { bgpBackend } from '../lb/metallb/bgp.ts'

/** What is known of a session between a node's speaker and a peer. `state` is the word of who reports it: `Established`, `Active`; `down` of a metric. */
export interface BgpSession {
  readonly up: boolean
  readonly state: string
  readonly proof: Proof
}

/** The address or, for an unnumbered peer, the interface by which a peer is known in reports. */
export const peerText = ({ spec }: BGPPeer): string =>
  parseAddress(spec?.peerAddress)?.text ?? spec?.peerAddress ?? spec?.interface ?? ''

/**
 * The session of a node with a peer: by BGPSessionState where frr-k8s speaks BGP, else by the speaker's metric
 * `metallb_bgp_session_up`. A gap where neither was read: MetalLB writes the state of a session into no object of its own.
 */
export function bgpSession(evidence: Evidence, node: string, peer: BGPPeer): Known<BgpSession> {
  const text = peerText(peer)
  const states = evidence.kubernetes.bgpsessionstates
  const state = known(states)?.find(
    ({ status }) => status?.node === node && status.peer === text && (status.vrf ?? '') === (peer.spec?.vrf ?? ''),
  )
  if (state !== undefined) {
    const word = state.status?.bgpStatus ?? 'unknown'
    return { up: word === 'Established', state: word, proof: cite(state, 'status', 'bgpStatus') }
  }
  const metrics = evidence.node(node).metallbMetrics
  const sample = isGap(metrics)
    ? undefined
    : samplesOf(metrics, 'metallb_bgp_session_up').find(({ labels }) => hostOf(labels.get('peer') ?? '') === text)
  if (sample !== undefined) {
    const up = sample.value === 1
    return { up, state: up ? 'up' : 'down', proof: sample.proof }
  }
  if (bgpBackend(evidence) === 'frr-k8s')
    return isGap(states)
      ? states
      : gap(kubernetesFile('bgpsessionstates'), `has no state of ${node}’s session with ${text}`)
  return isGap(metrics) ? metrics : gap(metrics.file, `has no metallb_bgp_session_up of ${text}`)
}

/** The address in `10.0.0.1:179` or `[2001:db8::1]:179`, as the metric names a peer; a name without a port stays. */
function hostOf(peer: string): string {
  const host = /^\[(.*)\]:\d+$/.exec(peer)?.[1] ?? /^([^:]*):\d+$/.exec(peer)?.[1] ?? peer
  return parseAddress(host)?.text ?? host
}
