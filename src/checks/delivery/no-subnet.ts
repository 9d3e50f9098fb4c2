import { cite } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { subnetPlaces, vpcById } from '../../fabric/ec2/address-space.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { otherAddressFix } from '../about/other-address.ts'
import { listText, subnetText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/no-subnet',
  after: 'delivery/path-cannot-carry-vip',
  title: 'A VIP inside the ranges of the VPC lies in one of its subnets',
  needs: ['aws/vpcs', 'aws/subnets', 'aws/network-interfaces'],
  alsoReads: ['kubernetes/nodes', 'kubernetes/ipaddresspools'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || where.insideVpc
      ? true
      : `${where.vip.text} lies outside the ranges of ${where.vpcId}: there a route decides, not a subnet.`
  },
  blocks: true,
  run,
  docs: {
    means:
      'Interfaces hold addresses of their subnet. An address inside the ranges of the VPC that no subnet covers can be held by nobody, and no route can lead it anywhere either, since a route inside the ranges of a VPC must name a whole subnet.',
    byHand:
      'aws ec2 describe-subnets --filters Name=vpc-id,Values=VPC --query Subnets[].CidrBlock lists what is covered.',
    mend: 'Choose addresses of a subnet in which the nodes have interfaces, or addresses outside the VPC with routes to a node.',
    sources: ['Amazon VPC User Guide, "Subnet CIDR blocks"', 'Amazon VPC User Guide, "Subnet route tables"'],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  if (isGap(where))
    return [
      unknown(
        'subnets-not-known',
        subject,
        said('its subnet is not known', 'It is not known in which subnet the VIP lies.'),
        [where],
      ),
    ]
  const { vip, vpcId, place } = where
  if (place !== null) {
    const text = subnetText(place.subnet, place.range)
    return [
      pass('in-subnet', subject, said('it lies in a subnet of the VPC', `${vip.text} lies in ${text}.`), [
        cite(place.subnet, 'CidrBlock'),
      ]),
    ]
  }
  const places = known(subnetPlaces(evidence, vpcId)) ?? []
  const vpc = vpcById(evidence, vpcId)
  const proof = [
    ...(isGap(vpc) ? [] : [cite(vpc, 'CidrBlock')]),
    ...places.slice(0, 20).map(({ subnet }) => cite(subnet, 'CidrBlock')),
  ]
  const ranges = places.filter(({ range }) => range.family === vip.family).map(({ range }) => range.text)
  const says = `${vip.text} lies in ${vpcId}, but in none of its subnets (${listText(ranges)}): no interface can hold it.`
  return [
    fail(
      'in-no-subnet',
      subject,
      said('it lies in no subnet of the VPC', says),
      proof,
      otherAddressFix(context, where),
      {
        awsCode: 'NO_POSSIBLE_DESTINATION',
      },
    ),
  ]
}
