import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { type Question, serviceOf } from '../evidence/question.ts'
import { addressOf, parseAddress, type Address, type Family } from '../net/address.ts'
import { intersect, parseCidr, parseCidrOrAddress, rangeHas, sizeOf, subtract, type Range } from '../net/range.ts'
import { networksOfNode } from '../node/networks.ts'
import type { NodeState } from '../node/node-state.ts'
import { lookUpRoute } from '../node/trace/route.ts'
import { arrivalDevices } from './arrival.ts'

const anywhere = { 4: '0.0.0.0/0', 6: '::/0' } as const

/** The clients as ranges that the Service's source ranges do not cut, each with one address to trace with. */
export function clientParts(
  evidence: Evidence,
  question: Question,
  state: NodeState,
  vip: Address,
): readonly { range: Range; source: Address }[] {
  const { client } = question
  const ranges = (serviceOf(question)?.spec?.loadBalancerSourceRanges ?? []).flatMap(
    (text) => parseCidrOrAddress(text.trim()) ?? [],
  )
  const whole = wholeRange(evidence, question, state, vip)
  const taken = takenAddresses(evidence, state, vip)
  const inside = ranges.flatMap((range) => intersect(range, whole) ?? [])
  const outside = inside.reduce<readonly Range[]>((rest, range) => subtract(rest, range), [whole])
  return [...inside, ...outside].flatMap((range) => {
    const source = client.kind === 'address' ? client.address : freeAddress(range, taken)
    return source === null ? [] : [{ range, source }]
  })
}

function wholeRange(evidence: Evidence, question: Question, state: NodeState, vip: Address): Range {
  const { client } = question
  const everywhere = parseCidr(anywhere[vip.family]) ?? { family: vip.family, first: 0n, last: 0n }
  if (client.kind === 'address')
    return { family: client.address.family, first: client.address.value, last: client.address.value }
  if (client.kind === 'cidr') return client.cidr
  if (client.kind === 'internet') return everywhere
  return arrivalNetwork(evidence, question, state) ?? subnetOf(state, vip.family) ?? everywhere
}

/** The network of the device by which packets for the VIP come in: that around the VIP, where it has several. */
function arrivalNetwork(evidence: Evidence, question: Question, state: NodeState): Range | null {
  const { vip } = question
  const devices = arrivalDevices(evidence, question, state)
  const own = (known(networksOfNode(evidence, state.node)) ?? []).filter(
    (network) => devices.includes(network.device) && network.cidr.family === vip?.family,
  )
  return (
    (own.find(({ cidr }) => vip !== null && rangeHas(cidr, vip)) ?? (devices.length === 1 ? own[0] : undefined))
      ?.cidr ?? null
  )
}

/** The network of the device that the node's default route leaves by: where another host of its subnet stands. */
function subnetOf(state: NodeState, family: Family): Range | null {
  const far = parseAddress(family === 4 ? '203.0.113.1' : '2001:db8::1')
  const device =
    far === null
      ? null
      : (lookUpRoute(state, { source: far, destination: far, mark: 0, inDevice: null })?.device ?? null)
  const links =
    device === null
      ? state.addresses.filter(({ ifname }) => ifname !== 'lo' && ifname?.startsWith('cni') !== true)
      : state.addresses.filter(({ ifname }) => ifname === device)
  const held = links
    .flatMap(({ addr_info }) => addr_info ?? [])
    .filter(({ scope, prefixlen = 0 }) => scope === 'global' && prefixlen < (family === 4 ? 32 : 128))
  return (
    held.flatMap(({ local, prefixlen }) =>
      parseAddress(local)?.family === family ? (parseCidr(`${local ?? ''}/${String(prefixlen)}`) ?? []) : [],
    )[0] ?? null
  )
}

function takenAddresses(evidence: Evidence, state: NodeState, vip: Address): ReadonlySet<string> {
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ status }) =>
    (status?.addresses ?? []).flatMap(({ address }) => address ?? []),
  )
  const own = state.addresses.flatMap(({ addr_info }) => (addr_info ?? []).flatMap(({ local }) => local ?? []))
  const gateways = state.routes.flatMap(({ gateway }) => gateway ?? [])
  return new Set([...nodes, ...own, ...gateways, vip.text])
}

/** Up to where addresses are hosts': below class D (RFC 1112), and the end of global unicast, 2000::/3 (RFC 4291 §2.4). */
const lastOfHosts = { 4: 0xdfff_ffffn, 6: (0x4000n << 112n) - 1n } as const

/** An address of a range that nobody is known to have, from the upper end of its hosts'; in a range of one, that one. */
function freeAddress(whole: Range, taken: ReadonlySet<string>): Address | null {
  const end = lastOfHosts[whole.family]
  const range = whole.first < end && end < whole.last ? { ...whole, last: end } : whole
  const many = sizeOf(range)
  for (let step = 0n; step < many && step < 1024n; step += 1n) {
    const address = addressOf(range.family, range.last - step - (many > 2n ? 1n : 0n))
    if (rangeHas(range, address) && !taken.has(address.text)) return address
  }
  return null
}
