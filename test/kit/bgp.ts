import { editJson, type Change, type Json } from './fixtures.ts'

const list = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

/** One object of MetalLB's namespace, or of the one that is named. */
export const object = (kind: string, name: string, rest: object, namespace = 'metallb-system'): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name, namespace },
  ...rest,
})

export const peer = (name: string, peerAddress: string, spec: object = {}): object =>
  object('BGPPeer', name, { spec: { myASN: 64500, peerASN: 64501, peerAddress, ...spec } })

export const advertisement = (name: string, spec: object = {}): object =>
  object('BGPAdvertisement', name, { spec: { ipAddressPools: ['first-pool'], ...spec } })

export const nodeNames = ['controller-0', 'controller-1', 'worker-0', 'worker-1']

/** What a speaker writes about the Service that it announces. */
const status = (node: string): object =>
  object('ServiceBGPStatus', `bgp-${node}`, {
    status: { node, serviceName: 'nginx-lb', serviceNamespace: 'default', peers: ['router'] },
  })

/** The metric of the native mode's session with a peer. */
const metric = (address: string, up: boolean): string =>
  `# TYPE metallb_bgp_session_up gauge\nmetallb_bgp_session_up{peer="${address}:179"} ${up ? '1' : '0'}\n`

/** What frr-k8s writes about a session. */
export const session = (node: string, address: string, bgpStatus: string): object => ({
  ...object('BGPSessionState', `${node}-router`, {
    status: { node, peer: address, bgpStatus, bfdStatus: 'N/A', vrf: '' },
  }),
  apiVersion: 'frrk8s.metallb.io/v1beta1',
})

export interface Bgp {
  readonly peers?: readonly object[]
  readonly advertisements?: readonly object[]
  /** Which nodes have a ServiceBGPStatus; all of them where nothing is said. */
  readonly reporting?: readonly string[]
  readonly sessions?: readonly object[]
  /** Whether the session of a node with 10.240.0.1 is up, by its metric. */
  readonly up?: Readonly<Record<string, boolean>>
}

/** The changes that make a recording of MetalLB in layer 2 mode one in which BGP alone announces. */
export function byBgp(bgp: Bgp = {}): Record<string, Change> {
  const up = bgp.up ?? {}
  return {
    'kubernetes/l2advertisements.metallb.io.json': list([]),
    'kubernetes/servicel2statuses.metallb.io.json': list([]),
    'kubernetes/bgppeers.metallb.io.json': list(bgp.peers ?? [peer('router', '10.240.0.1')]),
    'kubernetes/bgpadvertisements.metallb.io.json': list(bgp.advertisements ?? [advertisement('bgp')]),
    'kubernetes/servicebgpstatuses.metallb.io.json': list((bgp.reporting ?? nodeNames).map(status)),
    ...(bgp.sessions === undefined ? {} : { 'kubernetes/bgpsessionstates.frrk8s.metallb.io.json': list(bgp.sessions) }),
    ...Object.fromEntries(
      Object.entries(up).map(([node, is]) => [`nodes/${node}/metallb-metrics.txt`, metric('10.240.0.1', is)]),
    ),
  }
}

/** Lets the speakers run with a BGP mode. */
export const withBgpType = (type: string): Change =>
  editJson((pods: Json) => {
    for (const { metadata, spec } of pods.items)
      if (metadata.labels?.component === 'speaker')
        spec.containers[0].env.push({ name: 'METALLB_BGP_TYPE', value: type })
  })

export const allUp = Object.fromEntries(nodeNames.map((node) => [node, true]))
