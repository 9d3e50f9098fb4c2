import type { Pod } from '../../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../../net/address.ts'

/** How kube-vip makes a VIP known. Exactly one must be set, else the process ends (kube-vip v1.2.3 cmd/kube-vip.go). */
type KubeVipMode = 'arp' | 'bgp' | 'table' | 'wireguard'

/** The settings of one kube-vip pod, with the defaults of kube-vip v1.2.3 (pkg/kubevip/config_envvar.go, cmd/kube-vip.go). */
export interface KubeVipSettings {
  /** Every mode that is switched on; more or less than one ends the process. */
  readonly modes: readonly KubeVipMode[]
  readonly controlPlane: boolean
  readonly services: boolean
  /** The VIP of the control plane: an address or a DNS name; null where none is set. */
  readonly address: string | null
  readonly port: number
  /** Null where kube-vip takes the interface of the default route. */
  readonly interface: string | null
  readonly servicesInterface: string | null
  readonly leaderElection: boolean
  /** One lease a Service (`svc_election`), instead of one for all. */
  readonly servicesElection: boolean
  readonly leaseName: string
  readonly servicesLeaseName: string
  /** The namespace to which Services are limited; null for all. */
  readonly servicesNamespace: string | null
  readonly className: string
  readonly classOnly: boolean
  readonly legacyClasses: boolean
  readonly keepsAddress: boolean
  readonly ipvs: boolean
  readonly updatesStatus: boolean
  /** The addresses of its BGP peers, by either of its settings; null where they are set and the value is not in the evidence. */
  readonly peers: readonly string[] | null
  /** The routing table into which it writes VIPs. */
  readonly table: number
  /** Elects a leader of its own for each Service whose annotation asks for it, beside the one lease of all others. */
  readonly electionOnDemand: boolean
  /** Whether kube-vip knows that annotation: since 1.2.2. False where the image's tag is no version. */
  readonly knowsElectionOnDemand: boolean
}

/** Each setting as its environment variable and its flag; `vip_address` and `--vip` are the older names of the address. */
const names = {
  arp: ['vip_arp', 'arp'],
  bgp: ['bgp_enable', 'bgp'],
  table: ['vip_routingtable', 'table'],
  wireguard: ['vip_wireguard', 'wireguard'],
  controlPlane: ['cp_enable', 'controlplane'],
  services: ['svc_enable', 'services'],
  address: ['address', 'address'],
  oldAddress: ['vip_address', 'vip'],
  port: ['port', 'port'],
  interface: ['vip_interface', 'interface'],
  servicesInterface: ['vip_servicesinterface', 'serviceInterface'],
  leaderElection: ['vip_leaderelection', 'leaderElection'],
  servicesElection: ['svc_election', 'servicesElection'],
  leaseName: ['vip_leasename', 'leaseName'],
  servicesLeaseName: ['svc_leasename', 'servicesLeaseName'],
  servicesNamespace: ['svc_namespace', null],
  className: ['lb_class_name', 'lbClassName'],
  classOnly: ['lb_class_only', 'lbClassOnly'],
  legacyClasses: ['lb_class_legacy_handling', 'lbClassNameLegacyHandling'],
  keepsAddress: ['vip_preserve_on_leadership_loss', null],
  ipvs: ['lb_enable', 'enableLoadBalancer'],
  electionOnDemand: ['per_service_election_on_demand', null],
  peers: ['bgp_peers', 'bgppeers'],
  peerAddress: ['bgp_peeraddress', 'peerAddress'],
  tableId: ['vip_routingtableid', 'tableID'],
  disableUpdates: ['disable_service_updates', 'disableServiceUpdates'],
} as const satisfies Record<string, readonly [string, string | null]>

/** The container that runs kube-vip, by its image: the manifest that kube-vip generates has no labels. */
export const kubeVipContainer = (pod: Pick<Pod, 'spec'>) =>
  pod.spec?.containers?.find(({ image }) => /(^|\/)kube-vip(-iptables)?(:|@|$)/.test(image ?? '')) ?? null

/** Reads the settings of a kube-vip pod, or of what is to make one: its environment wins over its flags. Null for a pod of something else. */
export function kubeVipSettings(pod: Pick<Pod, 'spec'>): KubeVipSettings | null {
  const container = kubeVipContainer(pod)
  if (container === null) return null
  const env = new Map((container.env ?? []).map(({ name, value }) => [name, value]))
  const flags = flagsOf([...(container.command ?? []), ...(container.args ?? [])])
  const text = (key: keyof typeof names): string | null => {
    const [variable, flag] = names[key]
    const value = env.get(variable) ?? (flag === null ? undefined : flags.get(flag))
    return value === undefined || value === '' ? null : value
  }
  const on = (key: keyof typeof names, byDefault = false): boolean => {
    const value = text(key)
    return value === null ? byDefault : /^(1|t|true)$/i.test(value)
  }
  return {
    modes: (['arp', 'bgp', 'table', 'wireguard'] as const).filter((mode) => on(mode)),
    controlPlane: on('controlPlane'),
    services: on('services'),
    address: text('address') ?? text('oldAddress'),
    port: Number(text('port') ?? 6443),
    interface: text('interface'),
    servicesInterface: text('servicesInterface') ?? text('interface'),
    leaderElection: on('leaderElection'),
    servicesElection: on('servicesElection'),
    leaseName: text('leaseName') ?? 'plndr-cp-lock',
    servicesLeaseName: text('servicesLeaseName') ?? 'plndr-svcs-lock',
    servicesNamespace: text('servicesNamespace'),
    className: text('className') ?? 'kube-vip.io/kube-vip-class',
    classOnly: on('classOnly'),
    legacyClasses: on('legacyClasses', true),
    keepsAddress: on('keepsAddress'),
    ipvs: on('ipvs'),
    updatesStatus: !on('disableUpdates'),
    peers:
      env.has('bgp_peers') && env.get('bgp_peers') === undefined ? null : peersIn(text('peers'), text('peerAddress')),
    table: Number(text('tableId') ?? 198),
    electionOnDemand: on('electionOnDemand'),
    knowsElectionOnDemand: atLeast122(container.image ?? ''),
  }
}

/**
 * `ADDRESS:AS:PASSWORD:MULTIHOP` with a comma between them, IPv6 in brackets (kube-vip v1.2.3 pkg/bgp, ParseBGPPeerConfig); and one address
 * alone. Null where something is set and is no address: a value that was not kept.
 */
function peersIn(list: string | null, one: string | null): readonly string[] | null {
  const words = [...(list ?? '').split(','), one ?? ''].filter((text) => text.trim() !== '')
  const peers = words.flatMap((text) => {
    const [, bracketed, plain] = /^\s*(?:\[([^\]]+)\]|([^:\s]+))/.exec(text) ?? []
    return parseAddress(bracketed ?? plain)?.text ?? parseAddress(text.trim())?.text ?? []
  })
  return words.length > 0 && peers.length === 0 ? null : peers
}

function atLeast122(image: string): boolean {
  const found = /:v?(\d+)\.(\d+)\.(\d+)/.exec(image)
  if (found === null) return false
  const [major = 0, minor = 0, patch = 0] = found.slice(1).map(Number)
  return major !== 1 ? major > 1 : minor !== 2 ? minor > 2 : patch >= 2
}

/** `--flag=value`, `--flag value` and `--flag` alone, which means true. */
function flagsOf(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    words.flatMap((word, at): [string, string][] => {
      const match = /^--?([A-Za-z][A-Za-z-]*)(?:=(.*))?$/.exec(word)
      if (match === null) return []
      const next = words[at + 1]
      return [[match[1] ?? '', match[2] ?? (next === undefined || next.startsWith('-') ? 'true' : next)]]
    }),
  )
}

/** How kube-vip makes a VIP known, as the end of a sentence; nothing where its mode is not one. */
export function modeWords({ modes }: KubeVipSettings): string {
  const [mode, ...more] = modes
  if (mode === undefined || more.length > 0) return ''
  return { arp: ' by ARP or NDP', bgp: ' by BGP', table: ' in a routing table', wireguard: ' by WireGuard' }[mode]
}
