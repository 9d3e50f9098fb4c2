import type { Evidence, NodeEvidence } from '../evidence/evidence.ts'
import { gap, gapsAmong, isAbsent, isGap, known, type Gap, type Known } from '../evidence/gap.ts'
import { nodeFile, nodeKinds, type NodeValue } from '../evidence/node/kinds.ts'
import { nodesByName } from '../evidence/kubernetes/nodes-by-name.ts'
import { parseAddress, type Address, type Family } from '../net/address.ts'
import type { Listener } from '../evidence/node/listen.ts'
import type { IpSets } from '../evidence/node/ipset.ts'
import type { IptablesSave } from '../evidence/node/iptables-save.ts'
import type { Ipvs } from '../evidence/node/ipvs.ts'
import { isIptablesTable, type Nftables } from '../evidence/node/nft.ts'
import { ebpfOn, type EbpfProxy } from './ebpf.ts'
import { virtualServers } from './service-proxy.ts'

/**
 * What a packet meets on one node, in one family. A back-end that the kernel does not have is null. `doubts` are gaps in what might hold
 * rules too: an outcome is then not certain.
 */
export interface NodeState {
  readonly node: string
  readonly family: Family
  readonly iptables: { readonly nft: IptablesSave | null; readonly legacy: IptablesSave | null }
  readonly nft: Nftables | null
  readonly ipvs: Ipvs | null
  readonly sets: IpSets | null
  readonly addresses: NodeValue<'ipAddr'>
  readonly links: NodeValue<'ipLink'>
  readonly routes: NodeValue<'ipRoute'>
  readonly rules: NodeValue<'ipRule'>
  /** The neighbours whose hardware addresses it knows, or asked for; null where they were not read. */
  readonly neighbours: NodeValue<'ipNeigh'> | null
  readonly sysctl: ReadonlyMap<string, string> | null
  /** The sockets that wait for clients; absent where they were not read. */
  readonly listeners?: readonly Listener[]
  /** The eBPF program that takes packets before any rule does. */
  readonly ebpf?: EbpfProxy
  /** The node's own address by its Node object, for what leaves it masqueraded where its interfaces were not read. */
  readonly internal?: Address
  readonly doubts: readonly Gap[]
  /** Where rules and policies stand (`placeText`) that are looked away from, here and on the next node: what if they were gone. */
  readonly taken?: ReadonlySet<string>
}

const states = new WeakMap<NodeEvidence, Map<Family, Known<NodeState>>>()

/**
 * Puts together what the node printed. A gap where its rules or its routes are not known: without them nothing can be said. Legacy tables
 * that were not printed beside readable nft ones are not there (docs/bundle.md).
 */
export function nodeState(evidence: Evidence, node: string, family: Family): Known<NodeState> {
  const here = evidence.node(node)
  const byFamily = states.get(here) ?? new Map<Family, Known<NodeState>>()
  states.set(here, byFamily)
  const state =
    byFamily.get(family) ?? read(here, family, internalAddress(evidence, node, family), ebpfOn(evidence, node))
  byFamily.set(family, state)
  return state
}

function internalAddress(evidence: Evidence, node: string, family: Family): Address | undefined {
  const own = nodesByName(evidence).get(node)?.status?.addresses ?? []
  return own
    .flatMap(({ type, address }) => (type === 'InternalIP' ? (parseAddress(address) ?? []) : []))
    .find((address) => address.family === family)
}

function read(
  here: NodeEvidence,
  family: Family,
  internal: Address | undefined,
  ebpf: EbpfProxy | null,
): Known<NodeState> {
  const nft = family === 4 ? here.iptablesNft : here.ip6tablesNft
  const legacy = family === 4 ? here.iptablesLegacy : here.ip6tablesLegacy
  const { ipRoute: routes } = here
  const [missing] = gapsAmong(...(isGap(nft) && isGap(legacy) ? [nft] : []), routes)
  if (missing !== undefined) return missing
  if (isGap(routes)) return routes
  const ruleset = here.nftRuleset
  const listening = known(here.listen)
  const doubts = [
    ...lacking(here.name, known(nft), known(ruleset), family),
    ...(isAbsent(legacy) ? [] : gapsAmong(legacy)),
    ...gapsAmong(ruleset, here.ipRule, nft),
    ...(hasBridgeRules(known(ruleset)) ? gapsAmong(here.ipLink) : []),
    ...unseenIpvs(here),
  ]
  return {
    node: here.name,
    family,
    iptables: { nft: known(nft), legacy: known(legacy) },
    nft: known(ruleset),
    ipvs: virtualServers(here),
    sets: known(here.ipset),
    addresses: known(here.ipAddr) ?? [],
    links: known(here.ipLink) ?? [],
    routes,
    rules: known(here.ipRule) ?? [],
    neighbours: known(here.ipNeigh),
    sysctl: known(here.sysctl)?.values ?? null,
    ...(internal === undefined ? {} : { internal }),
    ...(ebpf === null ? {} : { ebpf }),
    ...(listening === null || listening.misread.length > 0 ? {} : { listeners: listening.listeners }),
    doubts,
  }
}

/** Whether rules look at what bridges carry: which devices are bridges then counts. */
const hasBridgeRules = (ruleset: Nftables | null): boolean =>
  ruleset?.tables.some(({ family, chains }) => family === 'bridge' && chains.size > 0) === true

/** The listings of rules of the packet filter, by each of its back-ends. */
const ruleFiles = (['iptablesNft', 'iptablesLegacy', 'ip6tablesNft', 'ip6tablesLegacy', 'nftRuleset'] as const).map(
  (kind) => nodeKinds[kind].file,
)

/** Whether a gap is in a listing of rules, and not in routes, addresses or virtual servers. */
export const isOfRules = ({ source }: Gap): boolean => ruleFiles.some((file) => source.endsWith(`/${file}`))

/** Tables of iptables-nft that nft shows and the dump lacks: an empty dump is what a kernel without tables prints, and what a lost one leaves. */
function lacking(node: string, save: IptablesSave | null, ruleset: Nftables | null, family: Family): readonly Gap[] {
  const shown = (ruleset?.tables ?? []).filter(
    (table) => table.family === (family === 4 ? 'ip' : 'ip6') && table.chains.size > 0 && isIptablesTable(table),
  )
  const missing = save === null ? [] : shown.filter(({ name }) => !save.tables.has(name)).map(({ name }) => name)
  const file = nodeFile(node, family === 4 ? 'iptablesNft' : 'ip6tablesNft')
  return missing.length === 0 ? [] : [gap(file, `not whole: nft shows table ${missing.join(', ')} besides`)]
}

/** Virtual servers that were not read: a listing that failed, or none where kube-proxy's device shows that it works with them. */
function unseenIpvs({ procNetIpVs, ipvsadm, ipAddr, ipLink }: NodeEvidence): readonly Gap[] {
  if (!isGap(procNetIpVs) || !isGap(ipvsadm)) return []
  const used = [...(known(ipLink) ?? []), ...(known(ipAddr) ?? [])].some(({ ifname }) => ifname === 'kube-ipvs0')
  return used ? [procNetIpVs] : gapsAmong(procNetIpVs, ipvsadm).filter((one) => !isAbsent(one))
}
