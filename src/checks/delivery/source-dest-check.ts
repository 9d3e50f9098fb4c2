import { cite } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { vipPlace, vpcDelivery } from '../../fabric/ec2/delivery.ts'
import { checkOff } from '../../fabric/ec2/overlay.ts'
import { nodeOfInterface } from '../../fabric/ec2/node-interfaces.ts'
import { interfaceText, idOf } from '../../fabric/ec2/words.ts'
import { citeRoute } from '../../fabric/ec2/routes.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/source-dest-check',
  after: 'delivery/vip-not-owned',
  title: 'The interface that a route leads to takes packets that are not addressed to it',
  needs: ['aws/network-interfaces', 'aws/vpcs', 'aws/subnets', 'aws/route-tables'],
  alsoReads: ['kubernetes/nodes', 'node/ip-link'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || !where.insideVpc
      ? true
      : `${where.vip.text} lies inside the ranges of ${where.vpcId}: it is delivered to its owner, whose own address it is.`
  },
  blocks: true,
  run,
  docs: {
    means:
      'With its source/destination check on, an interface drops packets that are not addressed to one of its own addresses, and does not send any from others. A VIP outside the VPC is no address of the interface that the route leads to, so the check must be off there. The client waits until its timeout, and tcpdump on the node sees nothing. The flag counts for each interface by itself: what describe-instances shows is only that of the first one.',
    byHand:
      'aws ec2 describe-network-interfaces --network-interface-ids ENI --query NetworkInterfaces[].SourceDestCheck',
    mend: 'Turn the check off on the interface of every node that a route to the VIP may lead to.',
    sources: [
      'Reachability Analyzer explanation codes, ENI_SOURCE_DEST_CHECK_RESTRICTION',
      'Amazon EC2 User Guide, "Prefix delegation" (delegated prefixes count as own addresses)',
    ],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const delivery = vpcDelivery(evidence, question)
  const vip = question.vip.text
  if (isGap(delivery))
    return [
      unknown(
        'interface-not-known',
        `vip/${vip}`,
        said('which interface gets it is not known', `It is not known which interface gets packets for ${vip}.`),
        [delivery],
      ),
    ]
  if (delivery.by !== 'route') return [skipped('no-route', `vip/${vip}`, `No route leads to ${vip}.`)]
  const { interface: eni, route } = delivery
  const subject = `eni/${idOf(eni)}`
  const proof = [cite(eni, 'SourceDestCheck'), citeRoute(route)]
  const name = interfaceText(evidence, eni)
  if (eni.SourceDestCheck === undefined)
    return [
      unknown(
        'setting-not-read',
        subject,
        said(
          'the source/destination check is not known',
          `It is not known whether ${name} checks sources and destinations.`,
        ),
        [],
        proof,
      ),
    ]
  if (!eni.SourceDestCheck)
    return [
      pass(
        'off',
        subject,
        said(
          'the source/destination check is off',
          `The source/destination check of ${name} is off: it takes packets for ${vip}.`,
        ),
        proof,
      ),
    ]
  return [
    fail(
      'on',
      subject,
      said(
        'the source/destination check drops it',
        `The source/destination check of ${name} is on: it drops packets for ${vip}, which is not its address.`,
      ),
      proof,
      {
        summary: 'turn the source/destination check off',
        commands: [checkOff(eni)],
        changes: `${name} then takes and sends packets with any address, at once: the node can also send with foreign source addresses.`,
      },
      {
        awsCode: 'ENI_SOURCE_DEST_CHECK_RESTRICTION',
        // A route to what is no node has to lead elsewhere, where another interface counts.
        consequenceOf: known(nodeOfInterface(evidence, eni)) === null ? ['delivery/route-blackhole'] : [],
      },
    ),
  ]
}
