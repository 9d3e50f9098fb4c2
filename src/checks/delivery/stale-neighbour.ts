import { isGap } from '../../evidence/gap.ts'
import { neighboursOf } from '../../node/neighbours.ts'
import { vpcDelivery } from '../../fabric/ec2/delivery.ts'
import { idOf, listText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/stale-neighbour',
  after: 'delivery/static-shadows-propagated',
  title: 'Hosts of the subnet know the VIP by the hardware address of its owner',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: ['aws/vpcs', 'kubernetes/nodes', 'node/ip-neigh', 'node/ip-link'],
  on: ['ec2'],
  blocks: false,
  run,
  docs: {
    means:
      "After an address moved to another interface, a host of the subnet may go on sending to the old one, as long as its neighbour table says so. Those hosts lose packets for a while, and others do not. The nodes' own tables are what the evidence has; a client can have the same.",
    byHand:
      'ip neigh show VIP on the client; compare lladdr with MacAddress of the owner that aws ec2 describe-network-interfaces prints.',
    mend: 'ip neigh flush to VIP on the host; it asks again.',
    sources: ['ip-neighbour(8)', 'Amazon EC2 User Guide, "Multiple IP addresses" (reassigning)'],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const { vip } = question
  const subject = `vip/${vip.text}`
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery))
    return [
      unknown(
        'holder-not-known',
        subject,
        said('who holds it is not known', `It is not known who holds ${vip.text}.`),
        [delivery],
      ),
    ]
  if (delivery.by !== 'owner') return [skipped('not-held', subject, `No interface holds ${vip.text}.`)]
  const mac = delivery.interface.MacAddress?.toLowerCase()
  if (mac === undefined)
    return [
      skipped('mac-not-read', subject, `The hardware address of ${idOf(delivery.interface)} is not in the evidence.`),
    ]
  const known = evidence.nodeNames.flatMap((node) => {
    const neighbours = neighboursOf(evidence, node, vip)
    return isGap(neighbours) ? [] : neighbours.map((one) => ({ node, ...one }))
  })
  const stale = known.filter(({ lladdr }) => lladdr !== mac)
  const [first] = stale
  if (first === undefined)
    return [
      pass(
        known.length === 0 ? 'no-neighbour-entry' : 'names-owner',
        subject,
        said(
          known.length === 0 ? 'no node has a neighbour entry for it' : 'the nodes know its owner',
          known.length === 0
            ? `No node has a neighbour entry for ${vip.text}.`
            : `The neighbour entries of the nodes for ${vip.text} name its owner.`,
        ),
        known.map(({ proof }) => proof),
      ),
    ]
  const says = `${listText(stale.map(({ node, lladdr }) => `${node} knows ${vip.text} by ${lladdr}`))}, but its owner ${idOf(delivery.interface)} has ${mac}: what is sent from there goes to the wrong interface.`
  const commands = stale.map(({ node, device }) => sh`ssh ${node} sudo ip neigh flush to ${vip.text} dev ${device}`)
  return [
    warn(
      'stale',
      subject,
      said('nodes know it by another hardware address', says),
      stale.map(({ proof }) => proof),
      {
        fix: {
          summary: 'let the nodes ask for its owner again',
          commands,
          changes: 'The node asks for the address again at the next packet.',
        },
      },
    ),
  ]
}
