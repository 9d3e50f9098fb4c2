import { cite, type Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { overlaps, rangeText } from '../../net/range.ts'
import { sameAddress, addressOf } from '../../net/address.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { holdingsInVpc, type Holding } from '../../fabric/ec2/holders.ts'
import { nodeOfInterface } from '../../fabric/ec2/node-interfaces.ts'
import { reservationsOf } from '../../fabric/ec2/reservations.ts'
import { otherPoolFix } from '../about/other-address.ts'
import { interfaceText, listText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/pool-collides',
  after: 'delivery/pool-spans-subnets',
  title: "Nothing but the nodes uses addresses of the VIP's pool",
  needs: ['aws/network-interfaces', 'aws/subnets', 'kubernetes/nodes', 'kubernetes/ipaddresspools'],
  alsoReads: ['aws/vpcs'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || where.insideVpc ? true : `${where.vip.text} lies outside the ranges of ${where.vpcId}.`
  },
  blocks: false,
  run,
  docs: {
    means:
      'Addresses of the pool are in use by something else: the own address of a machine, an interface of a load balancer or a NAT gateway, a prefix delegated to another machine, or a reservation from which EC2 takes such prefixes. A Service that gets one of them is dead, or takes the traffic of that machine.',
    byHand:
      'aws ec2 describe-network-interfaces --filters Name=vpc-id,Values=VPC lists all addresses; compare them with spec.addresses of the IPAddressPool.',
    mend: 'Shrink the pool to what is free, and reserve its range in the subnet.',
    sources: ['Amazon VPC User Guide, "Subnet CIDR reservations"', 'Amazon EC2 User Guide, "Prefix delegation"'],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  if (isGap(where))
    return [
      unknown(
        'vpc-not-known',
        subject,
        said('the VPC of its pool is not known', 'It is not known in which VPC the pool lies.'),
        [where],
      ),
    ]
  const found = poolOf(evidence, where.vip)
  const holdings = holdingsInVpc(evidence, where.vpcId)
  if (isGap(found) || isGap(holdings))
    return [
      unknown(
        'users-not-known',
        subject,
        said('who uses its pool is not known', 'It is not known who uses addresses of the pool.'),
        [found, holdings].filter(isGap),
      ),
    ]
  if (found === null) return [skipped('no-pool', subject, `${where.vip.text} is in no pool.`)]
  const [name, ranges] = [poolName(found), rangesOf(found)]
  const isVip = (holding: Holding) => sameAddress(addressOf(holding.range.family, holding.range.first), where.vip)
  const strangers = holdings.filter(
    (holding) =>
      ranges.some((range) => overlaps(range, holding.range)) &&
      !(isVip(holding) && holding.as !== 'primary') &&
      (holding.as === 'primary' || known(nodeOfInterface(evidence, holding.interface)) === null),
  )
  const reserved =
    where.place === null ? [] : (known(reservationsOf(evidence, where.place.subnet.SubnetId ?? '')) ?? [])
  const taken = reserved.filter(({ type, range }) => type === 'prefix' && ranges.some((one) => overlaps(one, range)))
  if (strangers.length === 0 && taken.length === 0)
    return [
      pass(
        'not-used',
        `pool/${name}`,
        said('nothing else uses its pool', `Nothing but nodes holds addresses of pool ${name}.`),
        [cite(found, 'spec', 'addresses')],
      ),
    ]
  const users = [
    ...strangers.map((holding) => `${rangeText(holding.range)} by ${interfaceText(evidence, holding.interface)}`),
    ...taken.map(({ range, id }) => `${range.text} by reservation ${id}, for delegated prefixes`),
  ]
  const proof: Proof[] = [
    cite(found, 'spec', 'addresses'),
    ...strangers.slice(0, 12).map((one) => one.proof()),
    ...taken.map((one) => one.proof()),
  ]
  return [
    warn(
      'used-by-others',
      `pool/${name}`,
      said(
        'something else uses addresses of its pool',
        `Pool ${name} has addresses that something else uses: ${listText(users)}.`,
      ),
      proof,
      {
        fix: otherPoolFix(context, where),
      },
    ),
  ]
}
