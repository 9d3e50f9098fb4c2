import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../../evidence/gap.ts'
import { bgpAdvertisementsFor } from '../../../lb/metallb/advertisements.ts'
import type { Address } from '../../../net/address.ts'
import { vipPlace, type VipPlace } from '../../../fabric/ec2/delivery.ts'
import { isAtNodePort } from '../../../evidence/question.ts'
import { announcing, servedBy } from '../../../lb/announcers.ts'
import { nodeInterfaces } from '../../../fabric/ec2/node-interfaces.ts'
import { otherAddressFix } from '../../about/other-address.ts'
import { listText, subnetText } from '../../../fabric/ec2/words.ts'
import { onlyByBgp } from '../../about/announced.ts'
import { limitedTo } from '../../about/announcing-nodes.ts'
import type { FabricWords } from '../../../fabric/fabric.ts'
import { fabricOf } from '../../../fabric/index.ts'
import { counted } from '../../../net/words.ts'
import { defineCheck, type VipContext } from '../../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../../finding.ts'
import { networksOfNode } from '../../../node/networks.ts'
import { rangeHas, type Cidr } from '../../../net/range.ts'
import { ownAddress } from './own-address.ts'

export default defineCheck({
  id: 'delivery/vip-aligned-with-subnet',
  title: 'The VIP lies in a subnet of the nodes that may take it, or is the own address of the node that does',
  needs: ['kubernetes/nodes'],
  alsoReads: [
    'aws/subnets',
    'aws/vpcs',
    'aws/network-interfaces',
    'kubernetes/ipaddresspools',
    'kubernetes/bgpadvertisements',
    'node/ip-addr',
  ],
  appliesTo: ({ evidence, question }) => {
    const { delivery, words } = fabricOf(question)
    if (words.shows !== undefined) return `Of ${words.name} delivery/cloud-without-arp speaks.`
    if (delivery !== 'ownership') return true
    const where = vipPlace(evidence, question)
    return isGap(where) || where.insideVpc
      ? true
      : `${where.vip.text} lies outside the ranges of ${where.vpcId}: there a route decides, not a subnet.`
  },
  blocks: true,
  run,
  docs: {
    means:
      "An address can be delivered only into the subnet that it lies in. In a VPC an interface can hold only addresses of its own subnet; on a LAN a host asks by ARP or neighbour discovery only for addresses of its own subnet and sends all others to its router. A VIP elsewhere is announced and assigned as if all were well, and no packet ever comes. A VIP that is a node's own address is answered for by that node, as every VIP of k3s' ServiceLB is; where another node announces it too, packets to the VIP and to the node cannot be told apart.",
    byHand:
      'kubectl get ipaddresspools -A -o yaml names the pool; ip -j addr on a node, or aws ec2 describe-subnets, names the subnets.',
    mend: 'Give the pool addresses of a subnet in which the nodes have an interface, and none that a node has.',
    sources: [
      'Amazon EC2 User Guide, "Multiple IP addresses": secondary addresses come from the subnet of the interface',
      'RFC 826 (ARP) and RFC 1122 §3.3.1.1, local/remote decision',
      'MetalLB documentation, "Layer 2 mode"',
    ],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const { vip } = question
  const { delivery, words } = fabricOf(question)
  const own = question.about === 'control-plane' ? null : ownAddress(context, vip)
  // Any network delivers a node's own address.
  if (delivery === 'unknown') return [own !== null && isAtNodePort(question) ? own : unclear(evidence, vip, words)]
  if (own !== null) return [own]
  if (delivery === 'announcement') return byBgpAlone(context, vip) ?? onLan(context, vip)
  const where = vipPlace(evidence, question)
  if (isGap(where))
    return [
      unknown(
        'subnet-not-known',
        `vip/${vip.text}`,
        said('its subnet is not known', 'It is not known in which subnet the VIP lies.'),
        [where],
      ),
    ]
  return inVpc(context, where)
}

/** Of a network whose rules stand in no evidence nothing follows, wherever the VIP lies. */
function unclear({ kubernetes }: Evidence, vip: Address, { unclear: why = '' }: FabricWords): Draft {
  const named = (known(kubernetes.nodes) ?? []).filter(({ spec }) => spec?.providerID !== undefined)
  const proof = named.map((node) => cite(node, 'spec', 'providerID'))
  return unknown(
    'fabric-not-known',
    `vip/${vip.text}`,
    said('to whom this network delivers it is not known', why.replace('%', vip.text)),
    [],
    proof,
  )
}

/** Where BGP alone announces, routers lead to the nodes: their hosts need not ask for the VIP by ARP. */
function byBgpAlone(context: VipContext, vip: Address): readonly Draft[] | null {
  const { evidence, question } = context
  const own = servedBy(evidence, question)
  if (own?.announcer.judged === false && (known(announcing(evidence, question).byBgp) ?? []).length > 0)
    return [
      pass(
        'announced-by-bgp',
        `vip/${vip.text}`,
        `${vip.text} is told to routers by ${own.announcer.name}: they lead to it, whatever the nodes’ subnets.`,
        own.proof,
      ),
    ]
  const [first] = known(bgpAdvertisementsFor(evidence, question)) ?? []
  return first !== undefined && onlyByBgp(context)
    ? [
        pass(
          'announced-by-bgp',
          `vip/${vip.text}`,
          said(
            'announced by BGP, so routers lead to it',
            `${vip.text} is announced by BGP: routers lead to it, whatever the nodes’ subnets.`,
          ),
          [cite(first, 'spec')],
        ),
      ]
    : null
}

function inVpc(context: VipContext, where: VipPlace): readonly Draft[] {
  const { evidence, question } = context
  const { vip, place, vpcId } = where
  const subject = `vip/${vip.text}`
  if (place === null) return [skipped('no-subnet', subject, `${vip.text} lies in no subnet of ${vpcId}.`)]
  const own = nodeInterfaces(evidence, question.vpcId)
  if (isGap(own))
    return [
      unknown(
        'node-subnets-not-known',
        subject,
        said('the nodes’ subnets are not known', 'It is not known in which subnets the nodes have interfaces.'),
        [own],
      ),
    ]
  const { subnet, range } = place
  const inside = [...own].filter(([, enis]) => enis.some(({ SubnetId }) => SubnetId === subnet.SubnetId))
  if (inside.length > 0) {
    const nodes = inside.map(([name]) => name)
    return [
      pass(
        'node-in-subnet',
        subject,
        said(
          `${counted(nodes.length, 'node')} ${nodes.length === 1 ? 'has' : 'have'} an interface in its subnet`,
          `${vip.text} lies in ${subnetText(subnet, range)}, where ${listText(nodes)} ${nodes.length === 1 ? 'has an interface' : 'have interfaces'}.`,
        ),
        [cite(subnet, 'CidrBlock')],
      ),
    ]
  }
  const proof: Proof[] = [
    cite(subnet, 'CidrBlock'),
    ...[...own.values()]
      .flat()
      .slice(0, 8)
      .map((eni) => cite(eni, 'SubnetId')),
  ]
  const says = `${vip.text} lies in ${subnetText(subnet, range)}, where no node has an interface; only an interface of that subnet can hold it.`
  return [
    fail(
      'no-node-in-subnet',
      subject,
      said('no node has an interface in its subnet', says),
      proof,
      otherAddressFix(context, where),
      {
        awsCode: 'ENI_ADDRESS_RESTRICTION',
      },
    ),
  ]
}

/** On a LAN the announcer's own subnets count: what it announces elsewhere nobody asks for. */
function onLan({ evidence, question, receiving }: VipContext, vip: Address): readonly Draft[] {
  const subject = `vip/${vip.text}`
  const seen = receiving.nodes.map((node) => ({ node, networks: networksOfNode(evidence, node) }))
  const fitting = seen.flatMap(({ node, networks }) => {
    if (isGap(networks)) return []
    const network = networks.find(({ cidr }) => rangeHas(cidr, vip))
    return network === undefined ? [] : [{ node, ...network }]
  })
  const [first] = fitting
  if (first !== undefined)
    return [
      pass(
        'on-node-link',
        subject,
        said(
          'it lies in the subnet of its announcer',
          `${vip.text} lies in ${first.cidr.text}, the subnet of ${listText(fitting.map(({ node, device }) => `${node} (${device})`))}.`,
        ),
        first.proof,
      ),
    ]
  const gaps = gapsAmong(...seen.map(({ networks }) => networks))
  if (gaps.length > 0 || seen.length === 0)
    return [
      unknown(
        'announcer-subnet-not-known',
        subject,
        said(
          'the subnet of its announcer is not known',
          `It is not known which subnet the announcer of ${vip.text} is in.`,
        ),
        gaps,
      ),
    ]
  const networks = seen.flatMap(({ node, networks: list }) =>
    isGap(list) ? [] : list.map((one) => ({ node, ...one })),
  )
  const cidrs = [...new Set(networks.map(({ cidr }) => cidr.text))]
  const there = evidence.nodeNames.filter((node) =>
    (known(networksOfNode(evidence, node)) ?? []).some(({ cidr }) => rangeHas(cidr, vip)),
  )
  const others = there.length === 0 ? '' : `; ${listText(there)} ${there.length === 1 ? 'is' : 'are'} in its subnet`
  return [
    fail(
      'in-no-node-subnet',
      subject,
      said(
        'it lies in no subnet of its announcer',
        `${vip.text} lies in none of the subnets of ${listText(seen.map(({ node }) => node))} (${listText(cidrs)})${others}: hosts there do not ask for it, they send it to their router.`,
      ),
      networks.flatMap(({ proof }) => proof),
      limitedTo(evidence, question, there) ?? {
        look: ['kubectl get ipaddresspools.metallb.io -A -o yaml'],
        advice: `Give the pool free addresses of ${listText(sameFamily(networks, vip))}, and MetalLB gives the Service one of them. Or tell the router to send ${vip.text} to a node.`,
      },
    ),
  ]
}

const sameFamily = (networks: readonly { readonly cidr: Cidr }[], vip: Address): readonly string[] => [
  ...new Set(networks.filter(({ cidr }) => cidr.family === vip.family).map(({ cidr }) => cidr.text)),
]
