import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { lackingNodes } from '../../evidence/lacking.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { authorize, permissionText } from '../../fabric/ec2/admission.ts'
import { apiServerHosts, apiServerNodes } from '../../journey/api-servers.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { numberOf } from '../../fabric/ec2/ip-protocol.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { groupsOf, judgeGroups } from '../../fabric/ec2/security-groups.ts'
import { rangeOf } from '../../net/range.ts'
import { groupsText, listText } from '../../fabric/ec2/words.ts'
import { callsAt, hostFirewall, pairs } from '../about/host-firewall.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'control/kubelet-port',
  after: 'control/memberlist-ports',
  title: 'The API servers reach the kubelets',
  needs: ['kubernetes/endpointslices', 'kubernetes/nodes'],
  alsoReads: ['aws/network-interfaces', 'aws/security-group-rules', 'aws/security-groups', 'aws/vpcs', ...traceReads],
  ofCluster: true,
  blocks: false,
  run: (context) => [...(context.question.fabric === 'ec2' ? byGroups(context) : []), ...onHosts(context.evidence)],
  docs: {
    means:
      'kubectl logs, exec and port-forward go from the API server to the kubelet of the node, at tcp/10250. Where a security group or a firewall on the node refuses that, the cluster runs on, and nobody can look into its pods: the logs of a speaker or of a controller that would explain a fault cannot be read.',
    byHand:
      'kubectl logs of any pod on that node ends in a timeout; aws ec2 describe-security-group-rules lists the rules.',
    mend: "Admit tcp/10250 from the API servers' hosts in the security group of the nodes, and in the firewall of each node.",
    sources: ['Kubernetes documentation, "Ports and Protocols"'],
  },
})

const port = 10250

/** What the firewalls of the nodes do with what API servers ask their kubelets. */
const onHosts = perEvidence((evidence: Evidence): readonly Draft[] => {
  const servers = apiServerNodes(evidence)
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  return hostFirewall(evidence, callsAt(pairs(servers, nodes), [{ protocol: 'tcp', port }]), {
    subject: 'service/default/kubernetes',
    unlisted: lackingNodes(evidence),
    let: 'the API servers reach the kubelets',
    follows: 'the API servers do not reach the kubelets there, and logs and exec fail',
  })
})

function byGroups({ evidence, question }: Context): readonly Draft[] {
  const vpcId = clusterVpc(evidence, question.vpcId)
  const own = nodeInterfaces(evidence, question.vpcId)
  const hosts = isGap(vpcId) ? vpcId : apiServerHosts(evidence, vpcId)
  const subject = 'service/default/kubernetes'
  const doubt = said(
    'whether kubelets are reached is not known',
    'It is not known whether the API servers reach the kubelets.',
  )
  if (isGap(vpcId) || isGap(own) || isGap(hosts))
    return [unknown('interfaces-not-known', subject, doubt, [own, hosts].filter(isGap))]
  // Nodes with the same groups are judged once; a host reaches its own kubelet without the network.
  const ofGroups = new Map<string, { eni: NetworkInterface; nodes: string[] }>()
  for (const [node, [eni]] of own) {
    if (eni === undefined) continue
    const key = groupsOf(eni).join(' ')
    const entry = ofGroups.get(key) ?? { eni, nodes: [] }
    entry.nodes.push(node)
    ofGroups.set(key, entry)
  }
  const judged = [...ofGroups.values()].flatMap(({ eni, nodes }) => {
    const peers = hosts.filter(({ name }) => nodes.some((node) => node !== name)).map(({ address }) => rangeOf(address))
    if (peers.length === 0) return []
    const flow = { protocol: numberOf('tcp'), port, peers, groupsKnown: true }
    return [{ eni, nodes, peers, judgement: judgeGroups(evidence, groupsOf(eni), vpcId, 'ingress', flow) }]
  })
  const shut = judged.find(({ judgement }) => judgement.answer === 'none' || judgement.answer === 'some')
  if (shut !== undefined) {
    const groupIds = groupsOf(shut.eni)
    const [groupId] = groupIds
    const commands =
      groupId === undefined ? [] : [authorize(groupId, 'ingress', permissionText('tcp', port, port, shut.peers))]
    const says = `${groupsText(evidence, groupIds)} of ${listText(shut.nodes)} ${groupIds.length === 1 ? 'does' : 'do'} not admit the API servers at tcp/${String(port)}: logs and exec fail there.`
    const proof = [cite(shut.eni, 'Groups'), ...shut.judgement.asked.slice(0, 12).map((rule) => rule.proof())]
    const fix = {
      summary: `let tcp/${String(port)} in from the API servers`,
      commands,
      changes: `Holds for every interface in ${groupId ?? ''}.`,
    }
    return [
      fail('refused', subject, said('the API servers do not reach every kubelet', says), proof, fix, {
        awsCode: 'ENI_SG_RULES_MISMATCH',
      }),
    ]
  }
  const open = judged.filter(({ judgement }) => judgement.answer === 'unknown')
  if (open.length > 0)
    return [
      unknown(
        'rules-not-known',
        subject,
        doubt,
        open.flatMap(({ judgement }) => judgement.possible.flatMap(({ gap }) => gap ?? [])).slice(0, 2),
      ),
    ]
  const proof = judged.flatMap(({ judgement }) => judgement.rules.slice(0, 1).map((rule) => rule.proof()))
  return [
    pass(
      'allowed',
      subject,
      said(
        'the API servers reach the kubelets',
        `The security groups let the API servers reach the kubelets of ${String(known(own)?.size ?? 0)} nodes.`,
      ),
      proof.slice(0, 4),
    ),
  ]
}
