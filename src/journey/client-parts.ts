import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { perEvidenceOf } from '../evidence/memo.ts'
import { type Question, serviceOf } from '../evidence/question.ts'
import { addressOf, bitsOf, parseAddress, type Address } from '../net/address.ts'
import { intersect, parseCidr, parseCidrOrAddress, rangeHas, sizeOf, subtract, type Range } from '../net/range.ts'
import { networksOfNode } from '../node/networks.ts'
import type { NodeState } from '../node/node-state.ts'
import { lookUpRoute } from '../node/trace/route.ts'

const anywhere = { 4: '0.0.0.0/0', 6: '::/0' } as const

/**
 * The clients as ranges that the Service's source ranges do not cut, each with one address to trace with. `facing` are the devices by which
 * the network hands the node packets for the VIP.
 */
export function clientParts(
  evidence: Evidence,
  question: Question,
  state: NodeState,
  vip: Address,
  facing: readonly string[],
): readonly { range: Range; source: Address }[] {
  const { client } = question
  const ranges = (serviceOf(question)?.spec?.loadBalancerSourceRanges ?? []).flatMap(
    (text) => parseCidrOrAddress(text.trim()) ?? [],
  )
  const whole = wholeRange(evidence, question, state, vip, facing)
  const others = takenAddresses(evidence, state)
  const isTaken = ({ text }: Address) => text === vip.text || others.has(text)
  const inside = ranges.flatMap((range) => intersect(range, whole) ?? [])
  const outside = inside.reduce<readonly Range[]>((rest, range) => subtract(rest, range), [whole])
  return [...inside, ...outside].flatMap((range) => {
    const source = client.kind === 'address' ? client.address : freeAddress(range, isTaken)
    return source === null ? [] : [{ range, source }]
  })
}

function wholeRange(
  evidence: Evidence,
  { client }: Question,
  state: NodeState,
  vip: Address,
  facing: readonly string[],
): Range {
  const everywhere = parseCidr(anywhere[vip.family]) ?? { family: vip.family, first: 0n, last: 0n }
  if (client.kind === 'address')
    return { family: client.address.family, first: client.address.value, last: client.address.value }
  if (client.kind === 'cidr') return client.cidr
  if (client.kind === 'internet') return everywhere
  return networkAmong(facing, evidence, state, vip) ?? subnetOf(evidence, state) ?? everywhere
}

/** The network of the device by which packets for the VIP come in: that around the VIP, where it has several. */
function networkAmong(
  facing: readonly string[],
  evidence: Evidence,
  { node, family }: NodeState,
  vip: Address,
): Range | null {
  const own = (known(networksOfNode(evidence, node)) ?? []).filter(
    ({ device, cidr }) => facing.includes(device) && cidr.family === family,
  )
  return (own.find(({ cidr }) => rangeHas(cidr, vip)) ?? (facing.length === 1 ? own[0] : undefined))?.cidr ?? null
}

/** The network of the device that the node's default route leaves by: where another host of its subnet stands. */
const subnetOf = perEvidenceOf((_: Evidence, state: NodeState): Range | null => {
  const { family, addresses } = state
  const far = parseAddress(family === 4 ? '203.0.113.1' : '2001:db8::1')
  const device =
    far === null
      ? null
      : (lookUpRoute(state, { source: far, destination: far, mark: 0, inDevice: null })?.device ?? null)
  const links =
    device === null
      ? addresses.filter(({ ifname }) => ifname !== 'lo' && ifname?.startsWith('cni') !== true)
      : addresses.filter(({ ifname }) => ifname === device)
  const held = links
    .flatMap(({ addr_info }) => addr_info ?? [])
    .filter(({ scope, prefixlen = 0 }) => scope === 'global' && prefixlen < bitsOf(family))
  return (
    held.flatMap(({ local, prefixlen }) =>
      parseAddress(local)?.family === family ? (parseCidr(`${local ?? ''}/${String(prefixlen)}`) ?? []) : [],
    )[0] ?? null
  )
})

/** What nodes, this one's devices and its gateways are known to have. */
const takenAddresses = perEvidenceOf((evidence: Evidence, { addresses, routes }: NodeState): ReadonlySet<string> => {
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ status }) =>
    (status?.addresses ?? []).flatMap(({ address }) => address ?? []),
  )
  const own = addresses.flatMap(({ addr_info }) => (addr_info ?? []).flatMap(({ local }) => local ?? []))
  const gateways = routes.flatMap(({ gateway }) => gateway ?? [])
  return new Set([...nodes, ...own, ...gateways])
})

/** Up to where addresses are hosts': below class D (RFC 1112), and the end of global unicast, 2000::/3 (RFC 4291 §2.4). */
const lastOfHosts = { 4: 0xdfff_ffffn, 6: (0x4000n << 112n) - 1n } as const

/** An address of a range that nobody is known to have, from the upper end of its hosts'; in a range of one, that one. */
function freeAddress(whole: Range, isTaken: (address: Address) => boolean): Address | null {
  const end = lastOfHosts[whole.family]
  const range = whole.first < end && end < whole.last ? { ...whole, last: end } : whole
  const many = sizeOf(range)
  for (let step = 0n; step < many && step < 1024n; step += 1n) {
    const address = addressOf(range.family, range.last - step - (many > 2n ? 1n : 0n))
    if (rangeHas(range, address) && !isTaken(address)) return address
  }
  return null
}
