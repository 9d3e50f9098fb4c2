import { cite } from '../../evidence/cite.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { vipPlace, vpcDelivery } from '../../fabric/ec2/delivery.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { idOf, listText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { counted } from '../../net/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/address-slots-full',
  after: 'delivery/pool-not-reserved',
  title: 'The interfaces of the nodes have room for the VIP',
  needs: ['aws/network-interfaces', 'aws/subnets', 'kubernetes/nodes'],
  alsoReads: ['aws/instances', 'aws/instance-types', 'aws/vpcs'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    if (question.vip.family === 6) return 'Only IPv4 addresses are judged here.'
    const where = vipPlace(evidence, question)
    if (!isGap(where) && !where.insideVpc) return `${where.vip.text} lies outside the ranges of ${where.vpcId}.`
    return isGap(evidence.aws.instanceTypes) && evidence.aws.instanceTypes.reason === 'not in the evidence'
      ? 'The limits of the instance types are not in the evidence.'
      : true
  },
  blocks: false,
  run,
  docs: {
    means:
      'An interface holds only so many IPv4 addresses, the primary one and each delegated /28 counted as one; how many, the instance type says (two on the smallest types: one VIP). Where the interface of a standby node is full, a failover to it fails. This is advice, and a warning only where the VIP has no owner and no node has room for it.',
    byHand:
      'aws ec2 describe-instance-types --instance-types TYPE --query InstanceTypes[].NetworkInfo.Ipv4AddressesPerInterface; count PrivateIpAddresses and Ipv4Prefixes of the interface.',
    mend: 'Use a larger instance type, a second interface, a delegated /28 that covers the pool, or a pool outside the VPC.',
    sources: [
      'Amazon EC2 User Guide, "IP addresses per network interface per instance type"',
      'Amazon EC2 User Guide, "Prefix delegation"',
    ],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  const own = nodeInterfaces(evidence, question.vpcId)
  const delivery = vpcDelivery(evidence, question)
  if (isGap(where) || isGap(own))
    return [
      unknown(
        'interfaces-not-read',
        subject,
        said('the nodes’ interfaces are not known', 'It is not known which interfaces the nodes have.'),
        [where, own].filter(isGap),
      ),
    ]
  const subnetId = where.place?.subnet.SubnetId
  const here = [...own].flatMap(([node, enis]) =>
    enis.filter((eni) => eni.SubnetId === subnetId).map((eni) => ({ node, eni, limit: limitOf(evidence, eni) })),
  )
  const gaps = here.flatMap(({ limit }) => (isGap(limit) ? [limit] : []))
  if (gaps.length > 0 || here.length === 0)
    return gaps.length > 0
      ? [
          unknown(
            'limits-not-known',
            subject,
            said(
              'the room of the interfaces is not known',
              'It is not known how many addresses the interfaces of the nodes may hold.',
            ),
            gaps.slice(0, 1),
          ),
        ]
      : [skipped('no-node-in-subnet', subject, 'No node has an interface in the subnet of the VIP.')]
  const full = here.filter(({ eni, limit }) => usedOf(eni) >= (known(limit) ?? Infinity))
  const proof = full.slice(0, 8).map(({ eni }) => cite(eni, 'PrivateIpAddresses'))
  const names = listText(
    full.map(({ node, eni, limit }) => `${idOf(eni)} (${node}, ${String(usedOf(eni))} of ${String(known(limit))})`),
  )
  if (full.length === 0)
    return [
      pass(
        'all-have-room',
        subject,
        said(
          'each node has room for one more address',
          `Each node in the subnet of ${where.vip.text} has room for one more address.`,
        ),
        [],
      ),
    ]
  if (full.length === here.length && !isGap(delivery) && delivery.by === 'nobody')
    return [
      warn(
        'none-has-room',
        subject,
        said('no node has room for it', `No node has room for ${where.vip.text}: ${names} are full.`),
        proof,
        {
          fix: {
            look: full.map(
              ({ eni }) => sh`aws ec2 describe-network-interfaces --network-interface-ids ${eni.NetworkInterfaceId}`,
            ),
            advice:
              'Take addresses that nobody needs from one of them, attach a further interface to a node, or use a larger instance type.',
          },
        },
      ),
    ]
  return [
    pass(
      'some-full',
      subject,
      said(
        `${counted(full.length, 'interface')} ${full.length === 1 ? 'has' : 'have'} no room for more`,
        `${names} ${full.length === 1 ? 'has' : 'have'} no room for a further address: a VIP could not move there.`,
      ),
      proof,
    ),
  ]
}

const usedOf = ({ PrivateIpAddresses, Ipv4Prefixes }: NetworkInterface): number =>
  (PrivateIpAddresses ?? []).length + (Ipv4Prefixes ?? []).length

/** The IPv4 addresses that an interface of this instance may hold; Infinity where its type is not listed. */
function limitOf(evidence: Evidence, eni: NetworkInterface): Known<number> {
  const { instances, instanceTypes } = evidence.aws
  if (isGap(instances)) return instances
  if (isGap(instanceTypes)) return instanceTypes
  const type = instances.find(({ InstanceId }) => InstanceId === eni.Attachment?.InstanceId)?.InstanceType
  const listed = instanceTypes.find(({ InstanceType }) => InstanceType === type)
  return listed?.NetworkInfo?.Ipv4AddressesPerInterface ?? Infinity
}
