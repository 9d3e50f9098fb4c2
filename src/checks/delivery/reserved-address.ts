import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { reservedFor, reservedInWords } from '../../fabric/ec2/address-space.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { otherAddressFix } from '../about/other-address.ts'
import { subnetText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/reserved-address',
  after: 'delivery/vip-aligned-with-subnet',
  title: 'The VIP is none of the five addresses that EC2 keeps in every subnet',
  needs: ['aws/subnets', 'aws/network-interfaces'],
  alsoReads: ['aws/vpcs', 'kubernetes/nodes', 'kubernetes/ipaddresspools'],
  on: ['ec2'],
  blocks: true,
  run,
  docs: {
    means:
      'EC2 keeps the first four addresses and the last one of every subnet: the network, the router, DNS, one for later, and the broadcast address, which a VPC does not carry. None of them can be put on an interface, so a VIP among them is never delivered. MetalLB does not know this: its avoidBuggyIPs leaves out .0 and .255 only.',
    byHand:
      'Compare the VIP with the first four addresses and the last one of the subnet that aws ec2 describe-subnets prints.',
    mend: 'Take these addresses out of the pool; MetalLB then gives the Service another one.',
    sources: ['Amazon VPC User Guide, "Subnet CIDR blocks"'],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const where = vipPlace(evidence, question)
  if (isGap(where))
    return [
      unknown(
        'subnet-not-known',
        `vip/${question.vip.text}`,
        said('its subnet is not known', 'It is not known in which subnet the VIP lies.'),
        [where],
      ),
    ]
  const { vip, place } = where
  const subject = `vip/${vip.text}`
  if (place === null) return [skipped('no-subnet', subject, `${vip.text} lies in no subnet of ${where.vpcId}.`)]
  const { subnet, range } = place
  const proof = [cite(subnet, 'CidrBlock')]
  const use = reservedFor(range, vip)
  if (use === null)
    return [
      pass(
        'not-reserved',
        subject,
        said(
          'EC2 does not keep it for itself',
          `${vip.text} is not among the addresses that EC2 keeps in ${subnetText(subnet, range)}: ${reservedInWords(range)}.`,
        ),
        proof,
      ),
    ]
  return [
    fail(
      'reserved',
      subject,
      said(
        'EC2 keeps it for itself',
        `${vip.text} cannot be used in ${subnetText(subnet, range)}: EC2 keeps it for ${use}.`,
      ),
      proof,
      otherAddressFix(context, where),
      { awsCode: 'ENI_ADDRESS_RESTRICTION' },
    ),
  ]
}
