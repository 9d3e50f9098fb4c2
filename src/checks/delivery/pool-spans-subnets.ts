import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { rangesText } from '../../fabric/ec2/client-set.ts'
import { subnetPlaces } from '../../fabric/ec2/address-space.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { joined, within, without } from '../../net/range-set.ts'
import { listText, subnetText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/pool-spans-subnets',
  after: 'delivery/stale-neighbour',
  title: "The VIP's pool lies in one subnet",
  needs: ['aws/subnets', 'aws/network-interfaces', 'kubernetes/ipaddresspools'],
  alsoReads: ['aws/vpcs', 'kubernetes/nodes'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || where.insideVpc ? true : `${where.vip.text} lies outside the ranges of ${where.vpcId}.`
  },
  blocks: false,
  run,
  docs: {
    means:
      'An interface holds addresses of its own subnet only, and a subnet lies in one availability zone. Of a pool that crosses the border of a subnet, or leaves the subnets altogether, each part can be held by other nodes or by none: some VIPs work, some never will.',
    byHand: 'Compare spec.addresses of the IPAddressPool with the CidrBlock of the subnets.',
    mend: 'Make one pool for each subnet, with node selectors on the advertisements; or move the pool outside the VPC and route it.',
    sources: ['Amazon EC2 User Guide, "Multiple IP addresses"', 'MetalLB documentation, "Configuration"'],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  if (isGap(where))
    return [
      unknown('vpc-not-known', subject, said('its VPC is not known', 'It is not known in which VPC the VIP lies.'), [
        where,
      ]),
    ]
  const found = poolOf(evidence, where.vip)
  const places = subnetPlaces(evidence, where.vpcId)
  const own = nodeInterfaces(evidence, question.vpcId)
  if (isGap(found) || isGap(places) || isGap(own))
    return [
      unknown(
        'pool-not-known',
        subject,
        said('where its pool lies is not known', 'It is not known where the pool lies.'),
        [found, places, own].filter(isGap),
      ),
    ]
  if (found === null) return [skipped('no-pool', subject, `${where.vip.text} is in no pool.`)]
  const name = poolName(found)
  const ranges = joined(rangesOf(found).filter(({ family }) => family === where.vip.family))
  const inside = places.filter(({ range }) => within(ranges, range).length > 0)
  const beside = without(
    ranges,
    inside.map(({ range }) => range),
  )
  const proof = [cite(found, 'spec', 'addresses'), ...inside.map(({ subnet }) => cite(subnet, 'CidrBlock'))]
  const texts = inside.map(({ subnet, range }) => subnetText(subnet, range))
  const text = `Pool ${name}`
  if (inside.length === 1 && beside.length === 0)
    return [
      pass(
        'one-subnet',
        `pool/${name}`,
        said('its pool lies in one subnet', `${text} lies in ${texts[0] ?? ''}.`),
        proof,
      ),
    ]
  if (inside.length === 0) return [skipped('no-subnet', `pool/${name}`, `${text} lies in no subnet.`)]
  const withNodes = new Set([...own.values()].flat().map(({ SubnetId }) => SubnetId))
  const nobody = inside.filter(({ subnet }) => !withNodes.has(subnet.SubnetId))
  const lost = [
    ...(beside.length > 0 ? [`${rangesText(beside)} in no subnet`] : []),
    ...nobody.map(
      ({ subnet, range }) =>
        `${rangesText(within(ranges, range))} in ${subnetText(subnet, range)}, where no node has an interface`,
    ),
  ]
  const spread =
    inside.length > 1
      ? `${text} lies in ${listText(texts)}: an address can be held only by a node of its own subnet`
      : `${text} lies in ${texts[0] ?? ''} only in part`
  const says = `${spread}${lost.length === 0 ? '' : `; ${listText(lost)}`}.`
  const brief = inside.length > 1 ? 'its pool lies in several subnets' : 'a part of its pool lies in no subnet'
  return [
    warn('several-subnets', `pool/${name}`, said(brief, says), proof, {
      fix: {
        look: ['aws ec2 describe-subnets', 'kubectl get ipaddresspools.metallb.io -A -o yaml'],
        advice: 'Give the nodes of each subnet a pool of their own, with addresses of that subnet only.',
      },
    }),
  ]
}
