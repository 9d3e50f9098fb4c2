import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { joined, without } from '../../net/range-set.ts'
import { rangesText } from '../../fabric/ec2/client-set.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { reservationsOf } from '../../fabric/ec2/reservations.ts'
import { within } from '../../net/range-set.ts'
import { subnetText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/pool-not-reserved',
  after: 'delivery/pool-spans-subnets',
  title: "EC2 keeps its hands off the VIP's pool",
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
      'EC2 gives new interfaces (of instances, load balancers, functions) any free address of the subnet, one of the pool as well. An explicit CIDR reservation takes the range out: addresses in it are given by hand only. This is advice and never a warning: pool-collides speaks up when it has happened.',
    byHand: 'aws ec2 get-subnet-cidr-reservations --subnet-id SUBNET lists the reservations.',
    mend: 'aws ec2 create-subnet-cidr-reservation --subnet-id SUBNET --cidr CIDR --reservation-type explicit, once for each prefix of the pool. Addresses in use stay; the number of free addresses of the subnet shrinks.',
    sources: ['Amazon VPC User Guide, "Subnet CIDR reservations"'],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  const more = { blocks: false }
  if (isGap(where))
    return [
      unknown(
        'subnet-not-known',
        subject,
        said('the subnet of its pool is not known', 'It is not known in which subnet the pool lies.'),
        [where],
        [],
        more,
      ),
    ]
  const found = poolOf(evidence, where.vip)
  if (isGap(found))
    return [
      unknown(
        'pool-not-known',
        subject,
        said('its pool is not known', 'It is not known which pool the VIP is from.'),
        [found],
        [],
        more,
      ),
    ]
  const { place } = where
  if (found === null || place === null)
    return [skipped('no-pool-or-subnet', subject, `${where.vip.text} is in no pool, or in no subnet.`)]
  const name = poolName(found)
  const text = subnetText(place.subnet, place.range)
  const reserved = reservationsOf(evidence, place.subnet.SubnetId ?? '')
  if (isGap(reserved))
    return [
      unknown(
        'reservations-not-read',
        `pool/${name}`,
        said(
          'whether its pool is reserved is not known',
          `It is not known whether ${text} reserves the range of pool ${name}.`,
        ),
        [reserved],
        [],
        more,
      ),
    ]
  const explicit = reserved.filter(({ type }) => type === 'explicit')
  const inside = within(joined(rangesOf(found)), place.range)
  const open = without(
    inside,
    explicit.map(({ range }) => range),
  )
  const proof = [cite(found, 'spec', 'addresses'), ...explicit.map((one) => one.proof())]
  if (open.length === 0)
    return [
      pass(
        'reserved',
        `pool/${name}`,
        said('its pool is reserved', `${text} reserves the range of pool ${name}.`),
        proof,
      ),
    ]
  return [
    pass(
      'not-reserved',
      `pool/${name}`,
      said(
        'EC2 may give away addresses of its pool',
        `EC2 may give ${rangesText(open)} of pool ${name} to a new interface in ${text}, since no explicit CIDR reservation covers it; a reservation would prevent that.`,
      ),
      proof,
    ),
  ]
}
