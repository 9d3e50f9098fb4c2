import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { nodesByName } from '../evidence/kubernetes/nodes-by-name.ts'
import { parseJson } from '../evidence/json.ts'
import type { KubernetesObject } from '../evidence/kubernetes/kinds.ts'
import { flannelNetwork } from '../evidence/kubernetes/networks.ts'
import { conform } from '../evidence/shape.ts'
import type { Address } from '../net/address.ts'
import { parseCidr, rangeHas } from '../net/range.ts'

/** How a packet between two nodes travels, as the CNI plugin's settings say: as it is, or in a tunnel that the wire sees instead. */
export type Encapsulation =
  | { readonly by: 'itself'; readonly proof: Proof }
  | { readonly by: 'tunnel'; readonly protocol: number; readonly port: number | null; readonly proof: Proof }

/** A packet from one node to a pod on another. */
export interface Crossing {
  /** The pod's node. */
  readonly home: string
  readonly pod: Address
  /** Whether both nodes are in one subnet: some plugins encapsulate only between subnets. */
  readonly sameSubnet: boolean
}

/** Protocol 4 (IP in IP, RFC 2003), UDP. */
const [IPIP, UDP] = [4, 17]

/**
 * Read from what kubectl shows: flannel's annotation of the pod's node and its network, Calico's pools or the settings from which it makes
 * them, the ConfigMaps of Cilium and Antrea. Null where none of them says it, or several do.
 */
export function encapsulationOf(evidence: Evidence, crossing: Crossing): Encapsulation | null {
  const flannel = byFlannel(evidence, crossing)
  // Where flannel leases the nodes' ranges it carries the packets; Calico beside it (Canal) keeps to policies.
  if (flannel !== undefined) return flannel
  const found = [byCalico(evidence, crossing), byCilium(evidence), byAntrea(evidence, crossing)].filter(
    (one) => one !== undefined,
  )
  return found.length === 1 ? (found[0] ?? null) : null
}

/** What one plugin says: undefined where it is not there, null where it is and does not say. */
type Said = Encapsulation | null | undefined

const itself = (proof: Proof): Encapsulation => ({ by: 'itself', proof })
const udp = (port: number, proof: Proof): Encapsulation => ({ by: 'tunnel', protocol: UDP, port, proof })
const ipip = (proof: Proof): Encapsulation => ({ by: 'tunnel', protocol: IPIP, port: null, proof })

const flannelBackend = 'flannel.alpha.coreos.com/backend-type'

/** Ports: flannel Documentation/backends.md. The network's own settings stand in a ConfigMap, but for k3s, which carries flannel in itself. */
function byFlannel(evidence: Evidence, { home, pod, sameSubnet }: Crossing): Said {
  const { configmaps } = evidence.kubernetes
  const node = nodesByName(evidence).get(home)
  const backend = node?.metadata?.annotations?.[flannelBackend]
  if (node === undefined || backend === undefined) return undefined
  const proof = cite(node, 'metadata', 'annotations', flannelBackend)
  if (backend === 'host-gw') return itself(proof)
  if (isGap(configmaps)) return null
  const text = configmaps.find(({ data }) => data?.['net-conf.json'] !== undefined)?.data?.['net-conf.json']
  const read = text === undefined ? { value: {} } : networkIn(text)
  if (read === null) return null
  const { Port, ListenPort, DirectRouting } = read.value.Backend ?? {}
  if (DirectRouting === true && sameSubnet) return itself(proof)
  switch (backend) {
    case 'vxlan':
      return udp(Port ?? 8472, proof)
    case 'wireguard':
      return udp(ListenPort ?? (pod.family === 4 ? 51820 : 51821), proof)
    case 'udp':
      return udp(Port ?? 8285, proof)
    case 'ipip':
      return ipip(proof)
    default:
      return null
  }
}

function networkIn(text: string) {
  const json = parseJson('net-conf.json', text)
  const read = isGap(json) ? null : conform(json, flannelNetwork)
  return read === null || 'misfit' in read ? null : read
}

/** Whether a mode of a Calico pool (`Always`, `CrossSubnet`, `Never`) encapsulates between two nodes. */
function applies(mode: string | undefined, { sameSubnet }: Crossing): boolean {
  const text = mode?.toLowerCase()
  return text === 'always' || (text === 'crosssubnet' && !sameSubnet)
}

/** Calico's pool that holds the pod says it; where pools were not read, the settings of calico-node by which it makes its first one. */
function byCalico(evidence: Evidence, crossing: Crossing): Said {
  const { calicoippools, felixconfigurations } = evidence.kubernetes
  const agent = calicoAgent(evidence)
  if (agent === null) return undefined
  const felix = (known(felixconfigurations) ?? []).map(({ spec }) => spec)
  if (felix.some((spec) => spec?.wireguardEnabled === true || spec?.wireguardEnabledV6 === true)) return null
  const port = felix.find((spec) => spec?.vxlanPort !== undefined)?.vxlanPort ?? agent.number('FELIX_VXLANPORT') ?? 4789
  const told = isGap(calicoippools) ? agent.firstPool(crossing.pod) : poolOf(calicoippools, crossing.pod)
  if (told === null) return null
  if (applies(told.ipip, crossing)) return ipip(told.proof)
  return applies(told.vxlan, crossing) ? udp(port, told.proof) : itself(told.proof)
}

interface Modes {
  readonly ipip: string
  readonly vxlan: string
  readonly proof: Proof
}

function poolOf(pools: readonly KubernetesObject<'calicoippools'>[], pod: Address): Modes | null {
  const pool = pools.find(({ spec }) => {
    const cidr = parseCidr(spec?.cidr)
    return cidr !== null && rangeHas(cidr, pod)
  })
  if (pool === undefined) return null
  return { ipip: pool.spec?.ipipMode ?? 'Never', vxlan: pool.spec?.vxlanMode ?? 'Never', proof: cite(pool, 'spec') }
}

/** The environment of a calico-node: each variable once (Calico documentation, "Configuring calico/node"). */
function calicoAgent({ kubernetes: { pods } }: Evidence) {
  for (const pod of known(pods) ?? []) {
    const at = (pod.spec?.containers ?? []).findIndex(({ image = '' }) =>
      /\bcalico\/node\b|\bcalico-node\b/.test(image),
    )
    if (at === -1) continue
    const env = pod.spec?.containers?.[at]?.env ?? []
    const value = (name: string): string | undefined => env.find((one) => one.name === name)?.value
    return {
      number: (name: string): number | undefined => (/^\d+$/.test(value(name) ?? '') ? Number(value(name)) : undefined),
      /** What of the pool it makes at its first start; null where that is not for this pod, or left to a default that versions differ in. */
      firstPool: ({ family, value: number }: Address): Modes | null => {
        const of = (name: string): string | undefined => value(`CALICO_IPV${String(family)}POOL_${name}`)
        const cidr = parseCidr(of('CIDR'))
        const modes = [family === 4 ? of('IPIP') : 'Never', of('VXLAN')]
        const isHere = cidr === null || (cidr.first <= number && number <= cidr.last)
        const isSaid =
          modes.every((mode) => mode !== undefined) ||
          modes.some((mode) => /^(?:always|crosssubnet)$/i.test(mode ?? ''))
        if (!isHere || !isSaid) return null
        return {
          ipip: modes[0] ?? 'Never',
          vxlan: modes[1] ?? 'Never',
          proof: cite(pod, 'spec', 'containers', at, 'env'),
        }
      },
    }
  }
  return null
}

/** Cilium documentation, "Routing" and "Helm Reference"; `tunnel` is the setting of versions before 1.14. IPsec wraps in its own way. */
function byCilium({ kubernetes: { configmaps } }: Evidence): Said {
  const map = (known(configmaps) ?? []).find(({ metadata }) => metadata?.name === 'cilium-config')
  if (map === undefined) return undefined
  const { data = {} } = map
  const key = data['routing-mode'] === undefined ? 'tunnel' : 'routing-mode'
  const mode = data[key]
  if (mode === undefined || data['enable-ipsec'] === 'true') return null
  const proof = cite(map, 'data', key)
  if (data['enable-wireguard'] === 'true') return udp(51871, proof)
  if (mode === 'native' || mode === 'disabled') return itself(proof)
  const protocol = key === 'tunnel' ? mode : (data['tunnel-protocol'] ?? 'vxlan')
  const standard = { vxlan: 8472, geneve: 6081 }[protocol]
  const port = Number(data['tunnel-port'] ?? 0)
  return standard === undefined || !Number.isInteger(port) ? null : udp(port === 0 ? standard : port, proof)
}

/** Antrea documentation, "Configuration: antrea-agent"; what is not set there has its default, and a comment sets nothing. */
function byAntrea({ kubernetes: { configmaps } }: Evidence, { sameSubnet }: Crossing): Said {
  const key = 'antrea-agent.conf'
  const map = (known(configmaps) ?? []).find(({ data }) => data?.[key] !== undefined)
  if (map === undefined) return undefined
  const set = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}:\\s*"?(\\w+)"?\\s*$`, 'm').exec(map.data?.[key] ?? '')?.[1]
  if ((set('trafficEncryptionMode') ?? 'none') !== 'none') return null
  const proof = cite(map, 'data', key)
  const mode = (set('trafficEncapMode') ?? 'encap').toLowerCase()
  if (mode === 'noencap' || mode === 'networkpolicyonly' || (mode === 'hybrid' && sameSubnet)) return itself(proof)
  const standard = { geneve: 6081, vxlan: 4789 }[set('tunnelType') ?? 'geneve']
  const port = Number(set('tunnelPort') ?? 0)
  return standard === undefined ? null : udp(port === 0 ? standard : port, proof)
}
