import { cite, type Proof } from '../../evidence/cite.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { vipPlace, vpcDelivery } from '../../fabric/ec2/delivery.ts'
import { servedBy } from '../../lb/announcers.ts'
import { otherAddressFix } from '../about/other-address.ts'
import { idOf, interfaceText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/owner-foreign',
  after: 'delivery/vip-not-owned',
  title: 'The interface that holds the VIP belongs to a node of the cluster',
  needs: ['aws/network-interfaces', 'aws/subnets', 'kubernetes/nodes'],
  alsoReads: ['aws/vpcs', 'aws/instances', 'kubernetes/ipaddresspools', 'node/ip-link'],
  on: ['ec2'],
  blocks: true,
  run,
  docs: {
    means:
      'The address of the VIP was given to something else: another instance, a load balancer, a NAT gateway, a VPC endpoint, a function. Clients reach that thing, or nobody, but never the cluster. It happens when a pool lies in a range from which EC2 hands out addresses on its own.',
    byHand:
      'aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=VIP shows InterfaceType, RequesterManaged and Description of the owner.',
    mend: 'Choose another VIP. Never reassign the address: whoever has it now uses it. Reserve the range of the pool in the subnet, so that it does not happen again.',
    sources: [
      'Amazon EC2 User Guide, "Requester-managed network interfaces"',
      'Amazon VPC User Guide, "Subnet CIDR reservations"',
    ],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const vip = question.vip.text
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery))
    return [
      unknown(
        'holder-not-known',
        `vip/${vip}`,
        said('who holds it is not known', `It is not known who holds ${vip}.`),
        [delivery],
      ),
    ]
  if (delivery.by !== 'owner') return [skipped('not-held', `vip/${vip}`, `No interface holds ${vip}.`)]
  const { interface: eni, node } = delivery
  const subject = `eni/${idOf(eni)}`
  const proof: Proof[] = [delivery.holding.proof()]
  if (node !== null)
    return [
      pass(
        'of-node',
        subject,
        said(`it belongs to ${node}`, `${idOf(eni)}, which holds ${vip}, belongs to ${node}.`),
        proof,
      ),
    ]
  if (question.about !== 'service' && servedBy(evidence, question) === null)
    return [
      pass(
        'of-another-host',
        subject,
        said(
          'a host that is no node holds it',
          `${interfaceText(evidence, eni)}, which holds ${vip}, belongs to no node of the cluster: what answers there is not known.`,
        ),
        proof,
      ),
    ]
  const managed = isManaged(eni)
  if (eni.Attachment === undefined && !managed)
    return [skipped('attached-to-nothing', subject, `${idOf(eni)}, which holds ${vip}, is attached to nothing.`)]
  const where = known(vipPlace(evidence, question))
  const whose = managed
    ? `${interfaceText(evidence, eni)}, an interface of type ${eni.InterfaceType ?? 'unknown'} that an AWS service manages`
    : `${interfaceText(evidence, eni)}, which is no node of the cluster`
  const told = managed
    ? [cite(eni, 'InterfaceType'), cite(eni, 'Description'), cite(eni, 'RequesterManaged')]
    : [cite(eni, 'Attachment')]
  return [
    fail(
      managed ? 'of-aws-service' : 'of-other-machine',
      subject,
      said(managed ? 'an AWS service holds it' : 'a machine that is no node holds it', `${vip} belongs to ${whose}.`),
      [...proof, ...told],
      where === null ? null : otherAddressFix(context, where),
      {
        awsCode: 'ENI_ADDRESS_RESTRICTION',
      },
    ),
  ]
}

/** Whether an AWS service made the interface for its own use. */
function isManaged({ InterfaceType, RequesterManaged }: NetworkInterface): boolean {
  return (
    RequesterManaged === true ||
    (InterfaceType !== undefined && !['interface', 'efa', 'trunk', 'branch'].includes(InterfaceType))
  )
}
