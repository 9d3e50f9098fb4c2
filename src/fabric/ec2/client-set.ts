import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, known, type Known } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import type { Question } from '../../evidence/question.ts'
import { parseAddress, type Address, type Family } from '../../net/address.ts'
import { everyAddress, parseCidr, rangeHas, rangeOf, rangeText, type Range } from '../../net/range.ts'
import { within, without } from '../../net/range-set.ts'
import { subnetOfAddress, subnetRanges, type SubnetPlace } from './address-space.ts'
import { subnetOfInterface } from './delivery.ts'
import { holdersOf, holdingsInVpc } from './holders.ts'
import { internalAddresses } from './cluster-vpc.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import { podNamed } from '../../evidence/kubernetes/pods.ts'

/**
 * Where the packets start: their source addresses as the receiving interface sees them. `interface` is set where a single address is one
 * that an interface holds; `place` where all of them lie in one subnet of the VPC, null outside it. `narrowed` leaves out the addresses
 * that the evidence names, where the client is "another host".
 */
export interface ClientSet {
  readonly text: string
  readonly peers: readonly Range[]
  readonly narrowed: () => readonly Range[]
  readonly groupsKnown: boolean
  readonly interface: NetworkInterface | null
  readonly place: SubnetPlace | null
}

/** The client of a question, for packets that arrive at `arrival`. A gap where its addresses are not known, or are of another family. */
export function clientSet(evidence: Evidence, question: Question, arrival: NetworkInterface): Known<ClientSet> {
  const { client, vip } = question
  const vpcId = arrival.VpcId ?? ''
  const family = vip?.family ?? 4
  switch (client.kind) {
    case 'vpc':
      return anotherHost(evidence, arrival, family)
    case 'internet':
      return outside('the internet', publicAddresses(family))
    case 'cidr':
      if (client.cidr.family !== family) return otherFamily(client.cidr.text)
      return { ...outside(client.cidr.text, [client.cidr]), place: onlyPlace(evidence, vpcId, client.cidr) }
    case 'address':
      return oneAddress(evidence, vpcId, client.address, family, client.address.text)
    case 'node': {
      const node = nodesByName(evidence).get(client.name)
      const address = node && internalAddresses(node).find((one) => one.family === family)
      if (address === undefined) return gap('kubernetes/nodes.json', `has no internal address of node ${client.name}`)
      return oneAddress(evidence, vpcId, address, family, `node ${client.name} (${address.text})`)
    }
    case 'pod': {
      const name = `${client.namespace}/${client.name}`
      const pod = podNamed(evidence, name)
      // A pod's packets leave its node with its own address or the node's, as the CNI masquerades or not: both must get through.
      const texts = [pod?.status?.podIP, pod?.status?.hostIP]
      const both = texts.flatMap((text) => parseAddress(text) ?? []).filter((one) => one.family === family)
      if (both.length === 0) return gap('kubernetes/pods.json', `has no address of pod ${name}`)
      return outside(`pod ${name}`, both.map(rangeOf))
    }
  }
}

const otherFamily = (text: string) => gap('--client', `${text} is of another address family than the VIP`)

function outside(text: string, peers: readonly Range[]): ClientSet {
  return { text, peers, narrowed: () => peers, groupsKnown: true, interface: null, place: null }
}

function oneAddress(
  evidence: Evidence,
  vpcId: string,
  address: Address,
  family: Family,
  text: string,
): Known<ClientSet> {
  if (address.family !== family) return otherFamily(text)
  const holders = known(holdersOf(evidence, vpcId, address)) ?? []
  return {
    ...outside(text, [rangeOf(address)]),
    interface: holders[0]?.interface ?? null,
    place: known(subnetOfAddress(evidence, vpcId, address)),
  }
}

function onlyPlace(evidence: Evidence, vpcId: string, range: Range): SubnetPlace | null {
  const first = known(subnetOfAddress(evidence, vpcId, { family: range.family, value: range.first, text: '' }))
  return first !== null && within([first.range], range)[0]?.last === range.last ? first : null
}

function anotherHost(evidence: Evidence, arrival: NetworkInterface, family: Family): Known<ClientSet> {
  const subnet = subnetOfInterface(evidence, arrival)
  if (isGap(subnet)) return subnet
  const range = subnetRanges(subnet).find((one) => one.family === family)
  const id = subnet.SubnetId ?? ''
  if (range === undefined) return gap('aws/describe-subnets.json', `${id} has no IPv${String(family)} range`)
  return {
    text: `another host in ${id} (${range.text})`,
    peers: [hostsOf(range)],
    narrowed: () => unnamedIn(evidence, `${arrival.VpcId ?? ''} ${range.text}`),
    groupsKnown: false,
    interface: null,
    place: { subnet, range },
  }
}

/** The hosts' addresses of a subnet that no interface holds: an address that the evidence names is no unnamed host's. */
const unnamedIn = perEvidenceAnd((evidence: Evidence, key: string): readonly Range[] => {
  const [vpcId = '', text] = key.split(' ')
  const range = parseCidr(text)
  if (range === null) return []
  const named = (known(holdingsInVpc(evidence, vpcId)) ?? []).map((holding) => holding.range)
  return without([hostsOf(range)], named)
})

/** EC2 gives no host the first four addresses or the last one. */
const hostsOf = ({ family, first, last }: Range): Range => ({ family, first: first + 4n, last: last - 1n })

/** What is not public: special-purpose blocks by the IANA registries (RFC 6890 and its updates). */
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
]

const internet: Partial<Record<Family, readonly Range[]>> = {}

/** The addresses that a client on the internet may have; of IPv6 the global unicast block 2000::/3 (RFC 4291 §2.4). */
const publicAddresses = (family: Family): readonly Range[] =>
  (internet[family] ??=
    family === 6
      ? [parseCidr('2000::/3')].flatMap((range) => range ?? [])
      : without(
          [everyAddress(4)],
          special4.flatMap((text) => parseCidr(text) ?? []),
        ))

/** Whether an address is of the internet, so that only a gateway leads to it. */
export const isPublic = (address: Address): boolean =>
  publicAddresses(address.family).some((range) => rangeHas(range, address))

/** Ranges in words; a long list is cut and counted. */
export function rangesText(ranges: readonly Range[], most = 4): string {
  const shown = ranges.slice(0, ranges.length > most ? most - 1 : most).map(rangeText)
  const rest = ranges.length - shown.length
  return rest > 0 ? `${shown.join(', ')} and ${String(rest)} more ranges` : shown.join(', ')
}

/** The interfaces that a client is, as far as the evidence names them: those that hold its addresses. */
export function clientInterfaces(
  evidence: Evidence,
  { client }: Question,
  vpcId: string,
): Known<readonly NetworkInterface[]> {
  if (client.kind === 'vpc' || client.kind === 'internet' || client.kind === 'pod') return []
  const holdings = holdingsInVpc(evidence, vpcId)
  if (isGap(holdings)) return holdings
  const ranges = client.kind === 'cidr' ? [client.cidr] : client.kind === 'address' ? [rangeOf(client.address)] : []
  const node = client.kind === 'node' ? nodesByName(evidence).get(client.name) : undefined
  const all = [...ranges, ...(node === undefined ? [] : internalAddresses(node).map(rangeOf))]
  const held = holdings.filter(({ range }) => all.some((one) => within([range], one).length > 0))
  return [...new Set(held.map((holding) => holding.interface))]
}
