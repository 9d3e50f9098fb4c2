import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { metallbPods, unlistedSpeaker } from '../../lb/metallb/install.ts'
import { parseAddress } from '../../net/address.ts'
import { rangeOf } from '../../net/range.ts'
import { authorize, permissionText } from '../../fabric/ec2/admission.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { holdersOf } from '../../fabric/ec2/holders.ts'
import { numberOf } from '../../fabric/ec2/ip-protocol.ts'
import { judgeNodeFlow, primaryAddress } from '../../fabric/ec2/node-flow.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { groupsOf } from '../../fabric/ec2/security-groups.ts'
import { groupsText, idOf, listText } from '../../fabric/ec2/words.ts'
import { metallbPeers } from '../../lb/metallb/bgp.ts'
import { anySelects } from '../../lb/selector.ts'
import type { Call } from '../../node/knock.ts'
import { hostFirewall } from '../about/host-firewall.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

/** BFD's control packets over one hop (RFC 5881 §4). */
const bfdPort = 3784

export default defineCheck({
  id: 'control/bgp-ports',
  after: 'control/memberlist-ports',
  title: 'The speakers reach their BGP peers',
  needs: ['kubernetes/nodes', 'kubernetes/pods'],
  alsoReads: [
    'kubernetes/bgppeers',
    'aws/network-interfaces',
    'aws/security-group-rules',
    'aws/security-groups',
    'aws/vpcs',
    ...traceReads,
  ],
  appliesTo: ({ evidence }) => (known(evidence.kubernetes.bgppeers) ?? []).length > 0 || 'MetalLB has no BGP peer.',
  ofCluster: true,
  blocks: false,
  consequenceOf: ['announcement/bgp-session'],
  run: (context) => [...(context.question.fabric === 'ec2' ? byGroups(context) : []), ...onHosts(context.evidence)],
  docs: {
    means:
      'A speaker opens a BGP session to its peer, a VPC Route Server endpoint for instance, at tcp/179; with a BFD profile both sides also send udp/3784. Where a security group or a firewall on the node refuses it, no session comes up and no route to a VIP is written.',
    byHand:
      'kubectl -n metallb-system logs -l component=speaker | grep -i bgp; aws ec2 describe-security-group-rules for the groups of the peer and of the nodes.',
    mend: 'Admit tcp/179 (and udp/3784 for BFD, both ways) between the nodes and the peer.',
    sources: [
      'RFC 4271 §8 (BGP, port 179)',
      'RFC 5881 §4 (BFD, port 3784)',
      'Amazon VPC User Guide, "Dynamic routing in your VPC with Amazon VPC Route Server"',
    ],
  },
})

/** What the firewalls of the nodes do with sessions: a speaker opens them, BFD goes both ways. */
const onHosts = perEvidence((evidence: Evidence): readonly Draft[] => {
  const speakers = new Set((known(metallbPods(evidence, 'speaker')) ?? []).flatMap(({ spec }) => spec?.nodeName ?? []))
  const nodes = (known(evidence.kubernetes.nodes) ?? []).filter(({ metadata }) => speakers.has(metadata?.name ?? ''))
  return (known(metallbPeers(evidence)) ?? []).flatMap((peer) => {
    const { peerAddress, peerPort = 179, bfdProfile, nodeSelectors } = peer.spec ?? {}
    const address = parseAddress(peerAddress)
    if (address === null) return []
    const calls = nodes
      .filter(({ metadata }) => anySelects(nodeSelectors, metadata?.labels))
      .flatMap(({ metadata }): readonly Call[] => {
        const node = { node: metadata?.name ?? '' }
        const bfd = { protocol: 'udp', port: bfdPort } as const
        return [
          { from: node, to: { address }, protocol: 'tcp', port: peerPort },
          ...(bfdProfile === undefined || bfdProfile === ''
            ? []
            : [
                { from: node, to: { address }, ...bfd },
                { from: { address }, to: node, ...bfd },
              ]),
        ]
      })
    return hostFirewall(evidence, calls, {
      subject: `bgppeer/${peer.metadata?.name ?? ''}`,
      unlisted: unlistedSpeaker(evidence),
      let: `the speakers and their peer ${address.text} reach each other`,
      follows: `no session with ${address.text} comes up from there`,
    })
  })
})

function byGroups({ evidence, question }: Context): readonly Draft[] {
  const vpcId = clusterVpc(evidence, question.vpcId)
  const own = nodeInterfaces(evidence, question.vpcId)
  const speakers = metallbPods(evidence, 'speaker')
  if (isGap(vpcId) || isGap(own) || isGap(speakers))
    return [
      unknown(
        'peers-not-known',
        'daemonset/metallb-system/speaker',
        said(
          'whether speakers reach their peers is not known',
          'It is not known whether the speakers reach their BGP peers.',
        ),
        [vpcId, own, speakers].filter(isGap),
      ),
    ]
  const senders = new Map(
    speakers.flatMap(({ spec }) => {
      const eni = own.get(spec?.nodeName ?? '')?.[0]
      return eni === undefined
        ? []
        : [[`${groupsOf(eni).join(' ')} ${eni.SubnetId ?? ''}`, { eni, node: spec?.nodeName ?? '' }] as const]
    }),
  )
  return (known(evidence.kubernetes.bgppeers) ?? []).flatMap((peer): readonly Draft[] => {
    const { peerAddress, peerPort = 179, bfdProfile } = peer.spec ?? {}
    const subject = `bgppeer/${peer.metadata?.name ?? ''}`
    const address = parseAddress(peerAddress)
    const holder = address === null ? undefined : known(holdersOf(evidence, vpcId, address))?.[0]
    if (address === null || holder === undefined)
      return [
        skipped(
          'peer-not-in-vpc',
          subject,
          `No interface of the VPC holds ${peerAddress ?? 'the address of the peer'}.`,
        ),
      ]
    const to = holder.interface
    const judged = [...senders.values()].flatMap(({ eni, node }) => {
      const source = primaryAddress(eni, address.family)
      if (source === null) return []
      const one = (protocol: 'tcp' | 'udp', port: number, back = false) => {
        const flow = back
          ? { from: to, to: eni, source: address, destination: source }
          : { from: eni, to, source, destination: address }
        return {
          node,
          source,
          protocol,
          port,
          ...judgeNodeFlow(evidence, { ...flow, protocol: numberOf(protocol), port }),
        }
      }
      return [
        one('tcp', peerPort),
        ...(bfdProfile === undefined || bfdProfile === '' ? [] : [one('udp', bfdPort), one('udp', bfdPort, true)]),
      ]
    })
    const refused = judged.filter(({ answer }) => answer === 'refused')
    const [first] = refused
    if (first !== undefined) {
      const [groupId = ''] = first.groupIds
      const what = `${first.protocol}/${String(first.port)}`
      const ranges = first.side === 'ingress' ? refused.map(({ source }) => rangeOf(source)) : [rangeOf(address)]
      const says = `${groupsText(evidence, first.groupIds)} keep${first.groupIds.length === 1 ? 's' : ''} the speakers on ${listText([...new Set(refused.map(({ node }) => node))])} from their peer ${address.text} (${idOf(to)}): ${what} is not admitted.`
      const fix = {
        summary: `${first.side === 'ingress' ? 'let' : 'let out'} ${what} ${first.side === 'ingress' ? 'in from the speakers' : `to ${address.text}`}`,
        commands: [authorize(groupId, first.side, permissionText(first.protocol, first.port, first.port, ranges))],
        changes: `Holds for every interface in ${groupId}.`,
      }
      return [
        fail(
          'refused',
          subject,
          said('the speakers do not reach a BGP peer', says),
          [
            cite(peer, 'spec', 'peerAddress'),
            holder.proof(),
            ...first.judgement.asked.slice(0, 8).map((rule) => rule.proof()),
          ],
          fix,
          { awsCode: 'ENI_SG_RULES_MISMATCH' },
        ),
      ]
    }
    const open = judged.filter(({ answer }) => answer === 'unknown')
    if (open.length > 0)
      return [
        unknown(
          'rules-not-known',
          subject,
          said(
            'whether speakers reach a peer is not known',
            `It is not known whether the speakers reach ${address.text}.`,
          ),
          open.flatMap(({ gaps }) => gaps).slice(0, 2),
        ),
      ]
    return [
      pass(
        'allowed',
        subject,
        said(
          'the speakers reach their BGP peer',
          `The security groups let the speakers reach their peer ${address.text} (${idOf(to)}).`,
        ),
        [holder.proof()],
      ),
    ]
  })
}
