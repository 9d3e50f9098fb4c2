import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import type { Remedy } from '../../net/remedy.ts'
import { joined, within, without } from '../../net/range-set.ts'
import { sizeOf, type Range } from '../../net/range.ts'
import { subnetPlaces } from '../../fabric/ec2/address-space.ts'
import { poolWith } from './pool-edit.ts'
import type { VipPlace } from '../../fabric/ec2/delivery.ts'
import { holdingsInVpc } from '../../fabric/ec2/holders.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'

/** The ranges of the nodes' subnets that no interface holds and EC2 does not keep. */
const freeRanges = perEvidenceAnd((evidence: Evidence, vpcId: string): readonly Range[] => {
  const places = known(subnetPlaces(evidence, vpcId)) ?? []
  const own = known(nodeInterfaces(evidence, vpcId))
  const subnets = new Set([...(own?.values() ?? [])].flat().map(({ SubnetId }) => SubnetId))
  const usable = places.flatMap(({ subnet, range }) =>
    subnets.has(subnet.SubnetId) && range.last - range.first >= 8n
      ? [{ family: range.family, first: range.first + 4n, last: range.last - 1n }]
      : [],
  )
  const held = (known(holdingsInVpc(evidence, vpcId)) ?? []).map(({ range }) => range)
  return without(joined(usable), joined(held))
})

/** Gives the VIP's pool ranges that interfaces of the nodes can hold: what is left of its own there, else the end of a subnet of the nodes. */
export function otherAddressFix(evidence: Evidence, { vip, vpcId }: VipPlace): Remedy {
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
  return poolWith(evidence, found, [...ranges, ...others], {
    summary: `give pool ${poolName(found)} addresses of the nodes’ subnets`,
    changes:
      'The Services with an address that leaves the pool get another one, which clients and DNS must follow; the new addresses must then be put on an interface too.',
  })
}

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
