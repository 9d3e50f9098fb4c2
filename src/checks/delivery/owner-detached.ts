import { cite } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { moveRemedy } from '../../fabric/ec2/assign.ts'
import { vipPlace, vpcDelivery, type VpcDelivery } from '../../fabric/ec2/delivery.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { idOf, interfaceText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'delivery/owner-detached',
  after: 'delivery/owner-foreign',
  title: 'The interface that holds the VIP is attached to a running instance',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: ['aws/vpcs', 'aws/instances', 'kubernetes/nodes', 'node/ip-link'],
  on: ['ec2'],
  blocks: true,
  run,
  docs: {
    means:
      'An address stays with its interface when the interface is detached or its instance stops. The VPC then has an owner for the VIP and nobody behind it: packets are lost without an answer.',
    byHand:
      'aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=VIP shows Status and Attachment; aws ec2 describe-instances shows the state of the instance.',
    mend: 'Start the instance, attach the interface, or move the address to the interface of a running node.',
    sources: [
      'Amazon EC2 User Guide, "Elastic network interfaces"',
      'Reachability Analyzer explanation codes, BAD_STATE',
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
  const { interface: eni } = delivery
  const subject = `eni/${idOf(eni)}`
  const { InstanceId, Status } = eni.Attachment ?? {}
  if (eni.Attachment === undefined || eni.Status === 'available') {
    const says = `${idOf(eni)} holds ${vip}, but is attached to nothing.`
    return [
      fail(
        'not-in-use',
        subject,
        said('its interface is attached to nothing', says),
        [cite(eni, 'Status'), delivery.holding.proof()],
        moveFix(context, delivery),
        {
          awsCode: 'BAD_STATE',
        },
      ),
    ]
  }
  if (Status !== undefined && Status !== 'attached') {
    const says = `${idOf(eni)} holds ${vip}, but its attachment is ${Status}.`
    return [
      fail(
        'attachment-not-finished',
        subject,
        said('its interface is not attached yet', says),
        [cite(eni, 'Attachment'), delivery.holding.proof()],
        moveFix(context, delivery),
        {
          awsCode: 'BAD_STATE_ATTACHMENT',
        },
      ),
    ]
  }
  const instances = evidence.aws.instances
  const instance = known(instances)?.find((one) => one.InstanceId === InstanceId)
  const state = instance?.State?.Name
  if (instance !== undefined && state !== undefined && state !== 'running') {
    const says = `${interfaceText(evidence, eni)} holds ${vip}, but its instance ${InstanceId ?? ''} is ${state}.`
    const start: Remedy = {
      summary: 'start the instance that holds it',
      commands: [sh`aws ec2 start-instances --instance-ids ${InstanceId}`],
      changes: 'The instance runs, and costs, again; or move the address to a running node.',
    }
    const fix = state === 'stopped' ? start : moveFix(context, delivery)
    return [
      fail(
        'instance-not-running',
        subject,
        said('the instance of its interface does not run', says),
        [cite(instance, 'State'), delivery.holding.proof()],
        fix,
        {
          awsCode: 'BAD_STATE',
        },
      ),
    ]
  }
  if (InstanceId !== undefined && isGap(instances))
    return [
      unknown(
        'instance-state-not-known',
        subject,
        said(
          'whether its instance runs is not known',
          `${idOf(eni)} holds ${vip}; it is not known whether its instance ${InstanceId} runs.`,
        ),
        [instances],
        [],
        { blocks: false },
      ),
    ]
  return [
    pass(
      'attached',
      subject,
      said(
        'its interface is attached',
        `${interfaceText(evidence, eni)}, which holds ${vip}, is attached${state === undefined ? '' : ' to a running instance'}.`,
      ),
      [cite(eni, 'Attachment')],
    ),
  ]
}

function moveFix(
  { evidence, question, receiving }: VipContext,
  delivery: Extract<VpcDelivery, { by: 'owner' }>,
): Remedy | null {
  const where = known(vipPlace(evidence, question))
  const own = known(nodeInterfaces(evidence, question.vpcId))
  const subnetId = where?.place?.subnet.SubnetId
  const nodes = [...new Set([...receiving.nodes, ...(own?.keys() ?? [])])]
  const target = nodes
    .flatMap((node) => own?.get(node) ?? [])
    .find((eni) => eni.SubnetId === subnetId && idOf(eni) !== idOf(delivery.interface))
  return where === null || target === undefined ? null : moveRemedy(evidence, delivery.holding, target, where.vip)
}
