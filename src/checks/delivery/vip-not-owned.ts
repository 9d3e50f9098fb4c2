import { citeList } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { hiddenOwner, vipPlace } from '../../fabric/ec2/delivery.ts'
import { holdersOf, interfacesOfVpc } from '../../fabric/ec2/holders.ts'
import { assignFix, ladder } from '../../fabric/ec2/assign.ts'
import { wholeSubnetRoute } from '../../fabric/ec2/whole-subnet-route.ts'
import { nodeOfInterface } from '../../fabric/ec2/node-interfaces.ts'
import { idOf, interfaceText } from '../../fabric/ec2/words.ts'
import { isServedBy } from '../../lb/announcers.ts'
import { podsServing } from '../../lb/kube-vip/pods.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/vip-not-owned',
  title: 'A network interface of the VPC holds the VIP',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: [
    'aws/vpcs',
    'aws/route-tables',
    'aws/instances',
    'aws/instance-types',
    'kubernetes/nodes',
    'kubernetes/pods',
    'node/ip-link',
  ],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || where.insideVpc
      ? true
      : `${where.vip.text} lies outside the ranges of ${where.vpcId}: there a route decides, not an owner.`
  },
  blocks: true,
  consequenceOf: ['delivery/no-subnet', 'delivery/reserved-address', 'delivery/vip-aligned-with-subnet'],
  run,
  docs: {
    means:
      "Inside a VPC an address belongs to a network interface because the EC2 API put it there, as a primary or secondary address or through a delegated prefix, never because a host announced it. The VPC carries no broadcast, blocks spoofed ARP, and answers ARP requests itself from what the API knows. So a VIP that MetalLB or kube-vip announces on layer 2, and that no interface holds, is delivered to nobody, in the same subnet too. A gratuitous ARP moves nothing; strictARP and promiscuous mode change nothing. From a cluster node the VIP may still answer, because the node's own rules translate it before it reaches the network: that proves nothing.",
    byHand:
      'aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=VIP lists the owner, or nothing. On a host of the subnet that is no node: ip neigh show VIP; compare its address with the MacAddress of the owner.',
    mend: ladder(null),
    sources: [
      'MetalLB documentation, "Cloud compatibility"',
      'Amazon VPC User Guide, "Subnet CIDR blocks" (no broadcast) and "Subnet route tables"',
      'AWS Overview of Security Processes, VPC (ARP and MAC spoofing)',
      'Amazon EC2 User Guide, "Multiple IP addresses"',
      'kube-vip v1.2.3, which has no code for EC2',
    ],
  },
})

function run({ evidence, question, receiving }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  if (isGap(where))
    return [
      unknown('vpc-not-known', subject, said('its VPC is not known', 'It is not known in which VPC the VIP lies.'), [
        where,
      ]),
    ]
  const { vip, vpcId } = where
  const owners = holdersOf(evidence, vpcId, vip)
  if (isGap(owners))
    return [
      unknown(
        'interfaces-not-read',
        subject,
        said('who holds it is not known', `It is not known who owns ${vip.text}.`),
        [owners],
      ),
    ]
  const [owner] = owners
  if (owner !== undefined) {
    const how = {
      primary: 'its primary',
      secondary: 'a secondary',
      ipv6: 'an IPv6',
      'ipv4-prefix': '',
      'ipv6-prefix': '',
    }[owner.as]
    const as = how === '' ? `by its delegated prefix ${owner.text}` : `as ${how} address`
    return [
      pass(
        'held',
        subject,
        said(
          `the VPC delivers it to ${known(nodeOfInterface(evidence, owner.interface)) ?? idOf(owner.interface)}`,
          `${interfaceText(evidence, owner.interface)} holds ${vip.text} ${as}.`,
        ),
        owners.map(({ proof }) => proof()),
      ),
    ]
  }
  const hidden = hiddenOwner(evidence, where)
  if (hidden !== null)
    return [
      unknown(
        'owner-not-seen',
        subject,
        said('no interface that this account sees holds it', `No interface that this account sees holds ${vip.text}.`),
        [hidden],
      ),
    ]
  const enis = known(interfacesOfVpc(evidence, vpcId)) ?? []
  const proof = [
    citeList(
      'aws/describe-network-interfaces.json',
      '/NetworkInterfaces',
      `${String(enis.length)} interfaces of ${vpcId}, none with ${vip.text}`,
    ),
  ]
  const route = known(wholeSubnetRoute(evidence, where))
  if (route !== null) {
    const says = `No interface holds ${vip.text}; a route of ${route.table.RouteTableId ?? ''} sends its whole subnet ${route.prefix.text} to an interface, and whether the VPC then delivers an address that nobody holds is not documented.`
    return [unknown('whole-subnet-route', subject, said('a route takes its whole subnet elsewhere', says), [], proof)]
  }
  const byKubeVip = podsServing(evidence, question).some(({ settings }) => settings.modes.includes('arp'))
    ? ' kube-vip has no code for EC2: with vip_arp it sends gratuitous ARP, which moves no address in a VPC.'
    : ''
  const says = `No network interface of the VPC holds ${vip.text}, so the VPC delivers it to nobody. An announcement (ARP) from a node does not change that.${isServedBy('kube-vip', evidence, question) ? byKubeVip : ''}`
  return [
    fail(
      'held-by-nobody',
      subject,
      said('no interface holds it', says),
      proof,
      assignFix(evidence, question, receiving, where) ?? {
        look: [sh`aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${vip.text}`],
        advice:
          'Give the address to the interface of a node in its subnet (aws ec2 assign-private-ip-addresses); which interface that is, the evidence does not say.',
      },
      {
        awsCode: 'ENI_ADDRESS_RESTRICTION',
      },
    ),
  ]
}
