import type { IpPermission, NetworkAcl, NetworkInterface, SecurityGroup } from '@aws-sdk/client-ec2'
import type { AccountState } from '../account.ts'
import { outside } from '../plan.ts'

// What a VPC does with a frame, said in the kernel's words and made from the account alone. One bridge a subnet, one port an interface:
// - ARP is answered by the bridge (proxy_arp) for what an interface of the subnet owns, with the owner's hardware address; nothing else of
//   ARP, no broadcast and no multicast passes (Amazon VPC FAQ: "Amazon VPC does not support multicast or broadcast").
// - br_netfilter shows bridged packets to the same chain as routed ones: source and destination check, security groups (stateful, by
//   interface), ACLs (stateless, between subnets).
// - A route table is a routing table of the kernel, chosen by the bridge that a packet comes in by.

/** The kernel's settings of the fabric, each as the tool reads it. */
export interface FabricPlan {
  readonly nft: string
  /** Lines for `ip -batch`. */
  readonly routes: readonly string[]
  /** Lines for `ip -batch`: which hardware address the bridges answer with. */
  readonly neighbours: readonly string[]
}

interface Port {
  readonly index: number
  readonly eni: string
  readonly mac: string
  readonly subnet: number
  readonly addresses: readonly string[]
  readonly checks: boolean
  readonly groups: readonly string[]
}

export const bridgeOf = (subnet: number): string => `subnet${String(subnet)}`
export const outsideBridge = 'outside'
export const portName = (host: string): string => `v-${host}`

export function planVpc(state: AccountState, macOfHost: ReadonlyMap<string, string>): FabricPlan {
  const ports = state.interfaces
    .filter(({ MacAddress }) => [...macOfHost.values()].includes(MacAddress ?? ''))
    .map((one, index): Port => portOf(one, index + 1, state))
  return {
    nft: ruleSet(state, ports, macOfHost),
    routes: routesOf(state, ports),
    neighbours: ports.flatMap(({ mac, subnet, addresses }) =>
      addresses.map((each) => `neigh replace ${each} lladdr ${mac} dev ${bridgeOf(subnet)} nud permanent`),
    ),
  }
}

const portOf = (one: NetworkInterface, index: number, state: AccountState): Port => ({
  index,
  eni: one.NetworkInterfaceId ?? '',
  mac: one.MacAddress ?? '',
  subnet: state.subnets.findIndex(({ SubnetId }) => SubnetId === one.SubnetId),
  addresses: (one.PrivateIpAddresses ?? []).map(({ PrivateIpAddress }) => PrivateIpAddress ?? ''),
  checks: one.SourceDestCheck !== false,
  groups: (one.Groups ?? []).map(({ GroupId }) => GroupId ?? ''),
})

const set = (items: readonly string[]): string => `{ ${items.join(', ')} }`

function ruleSet(state: AccountState, ports: readonly Port[], macOfHost: ReadonlyMap<string, string>): string {
  const pairs = state.subnets.flatMap((_, from) => state.subnets.map((_, to) => [from, to] as const))
  const across = pairs.filter(([from, to]) => from !== to)
  const others = [outsideBridge]
  const lines = [
    ...['add table ip vpc', 'delete table ip vpc', 'table ip vpc {'],
    'chain forward {',
    'type filter hook forward priority filter; policy drop;',
    ...across.map(([from, to]) => `iifname ${bridgeOf(from)} oifname ${bridgeOf(to)} jump out_of_${String(from)}`),
    ...across.map(([from, to]) => `iifname ${bridgeOf(from)} oifname ${bridgeOf(to)} jump into_${String(to)}`),
    ...state.subnets.flatMap((_, at) =>
      others.flatMap((other) => [
        `iifname ${bridgeOf(at)} oifname ${other} jump out_of_${String(at)}`,
        `iifname ${other} oifname ${bridgeOf(at)} jump into_${String(at)}`,
      ]),
    ),
    `ether saddr vmap ${set(ports.map(({ mac, index }) => `${mac} : jump from_${String(index)}`))}`,
    `ether daddr vmap ${set(ports.map(({ mac, index }) => `${mac} : goto to_${String(index)}`))}`,
    `rt ip nexthop vmap ${set([
      ...ports.flatMap(({ addresses, index }) => addresses.map((each) => `${each} : goto to_${String(index)}`)),
      `${outside.address} : accept`,
    ])}`,
    '}',
    ...ports.flatMap((port) => [...egress(port, state), ...ingress(port, state)]),
    ...state.subnets.flatMap(({ SubnetId }, at) => aclChains(state.acls, SubnetId ?? '', at)),
    // The router itself answers nobody.
    ...['chain input {', 'type filter hook input priority filter; policy drop;', '}', '}'],
    ...['add table bridge vpc', 'delete table bridge vpc', 'table bridge vpc {'],
    ...['chain forward {', 'type filter hook forward priority filter; policy accept;'],
    ...['ether type { arp, ip6 } drop', '}'],
    ...['chain prerouting {', 'type filter hook prerouting priority filter; policy accept;'],
    ...[...macOfHost].map(([host, mac]) => `iifname ${portName(host)} ether saddr != ${mac} drop`),
    ...['}', '}', ''],
  ]
  return lines.join('\n')
}

/** A connection's mark says which interface began it and which one took it: only there do its later packets pass without a rule. */
const marks = {
  sender: (index: number) => `ct mark and 0xff00 == ${String(index << 8)}`,
  receiver: (index: number) => `ct mark and 0xff == ${String(index)}`,
}
const known = 'ct state established,related ct direction'

function egress(port: Port, state: AccountState): readonly string[] {
  const { index } = port
  return [
    `chain from_${String(index)} {`,
    ...(port.checks ? [`ip saddr != ${set(port.addresses)} drop`] : []),
    `${known} original ${marks.sender(index)} return`,
    `${known} reply ${marks.receiver(index)} return`,
    `ct state new ct mark set ct mark and 0xff or ${String(index << 8)}`,
    ...rules(port, state, 'IpPermissionsEgress').map((match) => `${match} return`),
    'drop',
    '}',
  ]
}

function ingress(port: Port, state: AccountState): readonly string[] {
  const { index } = port
  return [
    `chain to_${String(index)} {`,
    ...(port.checks ? [`ip daddr != ${set(port.addresses)} drop`] : []),
    `${known} original ${marks.receiver(index)} accept`,
    `${known} reply ${marks.sender(index)} accept`,
    `ct state new ct mark set ct mark and 0xff00 or ${String(index)}`,
    ...rules(port, state, 'IpPermissions').map((match) => `${match} accept`),
    'drop',
    '}',
  ]
}

function rules(
  { groups }: Port,
  { groups: all, interfaces }: AccountState,
  side: 'IpPermissions' | 'IpPermissionsEgress',
): readonly string[] {
  const members = (id: string | undefined): readonly string[] =>
    interfaces
      .filter(({ Groups }) => Groups?.some(({ GroupId }) => GroupId === id))
      .flatMap(({ PrivateIpAddresses }) => (PrivateIpAddresses ?? []).map((each) => each.PrivateIpAddress ?? ''))
  const peers = (rule: IpPermission): readonly string[] => [
    ...(rule.IpRanges ?? []).map(({ CidrIp }) => CidrIp ?? ''),
    ...(rule.UserIdGroupPairs ?? []).flatMap(({ GroupId }) => members(GroupId)),
  ]
  const field = side === 'IpPermissions' ? 'ip saddr' : 'ip daddr'
  return all
    .filter(({ GroupId }: SecurityGroup) => groups.includes(GroupId ?? ''))
    .flatMap((group) => group[side] ?? [])
    .flatMap((rule) => peers(rule).map((peer) => `${field} ${peer} ${traffic(rule.IpProtocol, rule)}`.trim()))
}

/** The protocol and ports of a rule; none for all traffic. Types and codes of ICMP are not told apart. */
function traffic(
  protocol: string | undefined,
  ports: { readonly FromPort?: number | undefined; readonly ToPort?: number | undefined },
): string {
  const name = { '6': 'tcp', '17': 'udp', '1': 'icmp' }[protocol ?? ''] ?? protocol ?? '-1'
  if (name === '-1') return ''
  const { FromPort: from, ToPort: to } = ports
  if (name === 'icmp' || from === undefined || from < 0) return `meta l4proto ${name}`
  return `${name} dport ${String(from)}-${String(to ?? from)}`
}

/** The entries of the subnet's ACL in their order; the last word is no. */
function aclChains(acls: readonly NetworkAcl[], subnet: string, at: number): readonly string[] {
  const acl = acls.find(({ Associations }) => Associations?.some(({ SubnetId }) => SubnetId === subnet))
  return (['into', 'out_of'] as const).flatMap((side) => [
    `chain ${side}_${String(at)} {`,
    ...(acl?.Entries ?? [])
      .filter(({ Egress, CidrBlock }) => Egress === (side === 'out_of') && CidrBlock !== undefined)
      .toSorted((one, other) => (one.RuleNumber ?? 0) - (other.RuleNumber ?? 0))
      .map(({ CidrBlock, Protocol, PortRange, RuleAction }) => {
        const ports = { FromPort: PortRange?.From, ToPort: PortRange?.To }
        const peer = `${side === 'into' ? 'ip saddr' : 'ip daddr'} ${CidrBlock ?? ''}`
        return `${peer} ${traffic(Protocol, ports)} ${RuleAction === 'allow' ? 'return' : 'drop'}`
      }),
    'drop',
    '}',
  ])
}

function routesOf({ subnets, tables }: AccountState, ports: readonly Port[]): readonly string[] {
  return subnets.flatMap(({ SubnetId, VpcId }, at) => {
    const own = tables.find(({ Associations }) => Associations?.some((one) => one.SubnetId === SubnetId))
    const main = tables.find((one) => one.VpcId === VpcId && one.Associations?.some(({ Main }) => Main === true))
    const table = String(100 + at)
    const line = (way: string) => `route replace ${way} table ${table}`
    return [
      line('blackhole default metric 4000'),
      ...subnets.map(({ CidrBlock }, other) => line(`${CidrBlock ?? ''} dev ${bridgeOf(other)}`)),
      ...((own ?? main)?.Routes ?? []).flatMap((route) => {
        const { DestinationCidrBlock: to, NetworkInterfaceId: eni, GatewayId: gateway } = route
        if (to === undefined || gateway === 'local') return []
        const target = ports.find((port) => port.eni === eni)
        if (target !== undefined) return [line(`${to} via ${target.addresses[0] ?? ''} dev ${bridgeOf(target.subnet)}`)]
        if (gateway?.startsWith('vgw-') === true) return [line(`${to} via ${outside.address} dev ${outsideBridge}`)]
        return [line(`blackhole ${to}`)]
      }),
    ]
  })
}
