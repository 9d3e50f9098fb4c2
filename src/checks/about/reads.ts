import type { EvidenceKind } from '../../evidence/kinds.ts'

/** What a node's kernel may translate and filter by. */
const rules = [
  'node/iptables-nft',
  'node/iptables-legacy',
  'node/ip6tables-nft',
  'node/ip6tables-legacy',
  'node/nft-ruleset',
  'node/ipset',
  'node/proc-net-ip-vs',
  'node/ipvsadm',
] as const satisfies readonly EvidenceKind[]

/** The tables by which an eBPF program of the node translates. */
const tables = [
  'node/cilium-bpf-lb',
  'node/cilium-services',
  'node/cilium-status',
  'node/calico-bpf-nat',
] as const satisfies readonly EvidenceKind[]

/** What a packet's way through a node is traced by. */
export const traceReads = [
  'kubernetes/felixconfigurations',
  ...rules,
  ...tables,
  'node/ip-addr',
  'node/ip-link',
  'node/ip-neigh',
  'node/ip-route',
  'node/ip-rule',
  'node/listen',
  'node/sysctl',
  'node/processes',
] as const satisfies readonly EvidenceKind[]

/** What tells which program translates on a node, and how it is set. */
export const translatorReads = [
  'kubernetes/felixconfigurations',
  ...rules,
  ...tables,
  'node/ip-link',
  'node/processes',
  'node/listen',
  'node/kube-proxy-config',
  'node/kube-proxy-configz',
] as const satisfies readonly EvidenceKind[]
