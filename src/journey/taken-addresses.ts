import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { objectName } from '../evidence/kubernetes/kinds.ts'
import { perEvidenceAnd } from '../evidence/memo.ts'
import { addressOf, parseAddress } from '../net/address.ts'
import { intersect, parseCidr, rangeHas, rangeOf, type Range } from '../net/range.ts'
import { networksOfNode } from '../node/networks.ts'
import { reservedFor, subnetRanges } from '../fabric/ec2/address-space.ts'

/** Addresses with an owner; `what` names them, `%` stands for the addresses themselves. */
export interface Taken {
  readonly range: Range
  readonly what: string
  readonly proof: readonly Proof[]
}

/** An address of a pool that has an owner already, or a range of both. */
export interface TakenFromPool extends Taken {
  readonly common: Range
}

/** What of some ranges is taken; what is named twice counts once. */
export function overlap(taken: readonly Taken[], ranges: readonly Range[]): readonly TakenFromPool[] {
  const named = new Map<string, TakenFromPool>()
  for (const one of taken) {
    const common = ranges.flatMap((range) => intersect(range, one.range) ?? [])[0]
    if (common !== undefined && !named.has(one.what)) named.set(one.what, { ...one, common })
  }
  return [...named.values()]
}

/** Addresses that a pool must not hold: of nodes and their gateways, of the edges of networks (or what EC2 keeps), of pods and of ClusterIPs. */
export const takenAddresses = perEvidenceAnd((evidence: Evidence, onEc2: boolean): readonly Taken[] => {
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const own = nodes.flatMap((node) =>
    (node.status?.addresses ?? []).flatMap(({ address: text }, index): Taken[] => {
      const address = parseAddress(text)
      const proof = [cite(node, 'status', 'addresses', index, 'address')]
      return address === null
        ? []
        : [{ range: rangeOf(address), what: `%, the address of ${node.metadata?.name ?? 'a node'}`, proof }]
    }),
  )
  const pods = nodes.flatMap((node) =>
    (node.spec?.podCIDRs ?? []).flatMap((text, index): Taken[] => {
      const cidr = parseCidr(text)
      const proof = [cite(node, 'spec', 'podCIDRs', index)]
      return cidr === null ? [] : [{ range: cidr, what: `% of the pods of ${node.metadata?.name ?? 'a node'}`, proof }]
    }),
  )
  const services = (known(evidence.kubernetes.services) ?? []).flatMap((service): Taken[] => {
    const address = parseAddress(service.spec?.clusterIP)
    const what = `%, the ClusterIP of ${objectName(service)}`
    return address === null ? [] : [{ range: rangeOf(address), what, proof: [cite(service, 'spec', 'clusterIP')] }]
  })
  return [...own, ...gateways(evidence), ...(onEc2 ? reserved(evidence) : edges(evidence)), ...pods, ...services]
})

/** Where the nodes send what is not for their own networks. */
const gateways = (evidence: Evidence): Taken[] =>
  evidence.nodeNames.flatMap((node) =>
    (known(evidence.node(node).ipRoute) ?? []).flatMap((route): Taken[] => {
      const address = parseAddress(route.gateway)
      return address === null || route.dst !== 'default'
        ? []
        : [{ range: rangeOf(address), what: '%, the gateway of the nodes', proof: [cite(route, 'gateway')] }]
    }),
  )

/** The first and the last address of a network: its own, and the broadcast's. */
const edges = (evidence: Evidence): Taken[] =>
  evidence.nodeNames.flatMap((node) =>
    (known(networksOfNode(evidence, node)) ?? []).flatMap(({ cidr, proof }): Taken[] =>
      cidr.family === 6
        ? []
        : [cidr.first, cidr.last].map((value, index) => ({
            range: rangeOf(addressOf(cidr.family, value)),
            what: `%, the ${index === 0 ? 'network' : 'broadcast'} address of ${cidr.text}`,
            proof,
          })),
    ),
  )

/** What EC2 keeps for itself in each subnet. */
const reserved = (evidence: Evidence): Taken[] =>
  (known(evidence.aws.subnets) ?? []).flatMap((subnet) =>
    subnetRanges(subnet).flatMap((range) =>
      [range.first, range.first + 1n, range.first + 2n, range.first + 3n, range.last].flatMap((value): Taken[] => {
        const address = addressOf(range.family, value)
        const use = rangeHas(range, address) ? reservedFor(range, address) : null
        return use === null
          ? []
          : [
              {
                range: rangeOf(address),
                what: `%, which EC2 keeps in ${range.text}`,
                proof: [cite(subnet, 'CidrBlock')],
              },
            ]
      }),
    ),
  )
