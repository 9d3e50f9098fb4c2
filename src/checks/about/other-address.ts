import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { serviceOf } from '../../evidence/question.ts'
import { assignFix } from '../../fabric/ec2/assign.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import type { Line, Remedy } from '../../net/remedy.ts'
import { joined, within, without } from '../../net/range-set.ts'
import { addressOf, parseAddress } from '../../net/address.ts'
import { rangeOf, sizeOf, type Range } from '../../net/range.ts'
import { sh } from '../../net/shell.ts'
import { subnetOfAddress, subnetPlaces } from '../../fabric/ec2/address-space.ts'
import { poolWith } from './pool-edit.ts'
import type { VipPlace } from '../../fabric/ec2/delivery.ts'
import { holdersOf, holdingsInVpc } from '../../fabric/ec2/holders.ts'
import { nodeInterfaces, nodeOfInterface } from '../../fabric/ec2/node-interfaces.ts'
import type { VipContext } from '../check.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'

/** The ranges of the nodes' subnets that EC2 does not keep and nobody holds, or that were given to a node's interface besides its own address. */
const freeRanges = perEvidenceAnd((evidence: Evidence, vpcId: string): readonly Range[] => {
  const places = known(subnetPlaces(evidence, vpcId)) ?? []
  const own = known(nodeInterfaces(evidence, vpcId))
  const subnets = new Set([...(own?.values() ?? [])].flat().map(({ SubnetId }) => SubnetId))
  const usable = places.flatMap(({ subnet, range }) =>
    subnets.has(subnet.SubnetId) && range.last - range.first >= 8n
      ? [{ family: range.family, first: range.first + 4n, last: range.last - 1n }]
      : [],
  )
  const held = (known(holdingsInVpc(evidence, vpcId)) ?? []).filter(
    (one) => one.as === 'primary' || known(nodeOfInterface(evidence, one.interface)) === null,
  )
  return without(joined(usable), joined(held.map(({ range }) => range)))
})

/** Gives the VIP's pool ranges that interfaces of the nodes can hold: what is left of its own there, else the end of a subnet of the nodes. */
export const otherPoolFix = (context: VipContext, where: VipPlace): Remedy => poolElsewhere(context, where, () => null)

/** The same, and the Service takes a free address of them at once, which an interface of a node gets. */
export const otherAddressFix = (context: VipContext, where: VipPlace): Remedy =>
  poolElsewhere(context, where, (ranges) => takeAnother(context, where.vpcId, ranges))

interface Move {
  readonly commands: readonly Line[]
  readonly changes: string
}

function poolElsewhere(
  { evidence }: VipContext,
  { vip, vpcId }: VipPlace,
  moveTo: (ranges: readonly Range[]) => Move | null,
): Remedy {
  const found = known(poolOf(evidence, vip))
  if (found === null)
    return {
      look: ['kubectl get services -A -o wide', 'kubectl get ipaddresspools.metallb.io -A -o yaml'],
      advice: `${vip.text} is in no pool that the evidence has. Whoever asks for it should get an address of a subnet in which the nodes have interfaces.`,
    }
  const free = freeRanges(evidence, vpcId).filter(({ family }) => family === vip.family)
  const left = rangesOf(found).flatMap((range) => within(free, range))
  const ranges = left.length > 0 ? largest(left, 4) : largest(free, 1).map(tail)
  const others = rangesOf(found).filter(({ family }) => family !== vip.family)
  const move = moveTo(ranges)
  return poolWith(evidence, found, [...ranges, ...others], {
    summary: `give pool ${poolName(found)} addresses of the nodes’ subnets`,
    changes: `The Services with an address that leaves the pool get another one, which clients and DNS must follow; ${
      move === null ? 'the new addresses must then be put on an interface too.' : move.changes
    }`,
    then: move?.commands ?? [],
  })
}

/** The Service asks for the first address of these ranges that no Service has, and a node's interface gets it; null where nothing is free. */
function takeAnother(
  { evidence, question, receiving }: VipContext,
  vpcId: string,
  ranges: readonly Range[],
): Move | null {
  const service = serviceOf(question)
  const [first] = without(ranges, takenByServices(evidence))
  if (service === null || first === undefined) return null
  const vip = addressOf(first.family, first.first)
  const place = known(subnetOfAddress(evidence, vpcId, vip))
  const holders = known(holdersOf(evidence, vpcId, vip))
  const assigned =
    holders?.length === 0 ? assignFix(evidence, question, receiving, { vip, vpcId, insideVpc: true, place }) : null
  const { namespace = 'default', name } = service.metadata ?? {}
  return {
    commands: [
      sh`kubectl -n ${namespace} annotate --overwrite service ${name} ${`metallb.io/loadBalancerIPs=${vip.text}`}`,
      ...(assigned?.commands ?? []),
    ],
    changes: `this one has ${vip.text} then${assigned === null ? '' : ', and an interface of a node holds it'}.`,
  }
}

const takenByServices = ({ kubernetes: { services } }: Evidence): readonly Range[] =>
  joined(
    (known(services) ?? [])
      .flatMap(({ status }) => status?.loadBalancer?.ingress ?? [])
      .flatMap(({ ip }) => parseAddress(ip) ?? [])
      .map(rangeOf),
  )

const largest = (ranges: readonly Range[], count: number): Range[] =>
  [...ranges]
    .sort((one, other) => (sizeOf(one) < sizeOf(other) ? 1 : -1))
    .slice(0, count)
    .sort((one, other) => (one.first < other.first ? -1 : 1))

/** The last addresses of a free range: EC2 hands out from everywhere, but people number hosts from the start. */
function tail(range: Range): Range {
  const most = 16n
  return sizeOf(range) <= most ? range : { ...range, first: range.last - most + 1n }
}
