import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import { clientText, type KubeOvnQuestion, type WithVip } from '../../evidence/question.ts'
import { podNamed } from '../../evidence/kubernetes/pods.ts'
import { isUnderlay, subnetNameOf, subnetNamed, subnetOf } from '../../lb/kube-ovn/vips.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'
import { fabricOf } from '../../fabric/index.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/kube-ovn-path',
  after: 'delivery/vip-not-owned',
  title: 'The client’s network reaches the VIP’s subnet in OVN',
  needs: ['kubernetes/ovnsubnets'],
  alsoReads: ['kubernetes/pods', 'kubernetes/nodes', 'node/ip-route'],
  about: ['kube-ovn'],
  blocks: true,
  run: ({ evidence, question }) => {
    const { vip, client, kubeOvn } = question
    const subject = `vip/${vip.text}`
    const subnet = subnetOf(evidence, question)
    const name = subnet?.metadata?.name ?? ''
    const place = subnet === null ? [] : [cite(subnet, 'spec', 'cidrBlock')]
    const underlay = subnet !== null && isUnderlay(subnet)
    if (underlay && fabricOf(question).delivery === 'ownership')
      return [
        fail(
          'underlay-on-ec2',
          subject,
          said(
            'EC2 carries no underlay subnet',
            `${vip.text} lies in the underlay subnet ${name}, and EC2 does not accept frames from a MAC that it did not give: underlay networks of Kube-OVN do not work there.`,
          ),
          [...place, cite(subnet, 'spec', 'vlan')],
          {
            look: ['kubectl get subnets,vlans,provider-networks'],
            advice: 'On EC2 use an overlay subnet, and a load balancer or a route for clients outside.',
          },
        ),
      ]
    if (client.kind === 'pod') {
      const pods = evidence.kubernetes.pods
      const pod = podNamed(evidence, `${client.namespace}/${client.name}`)
      const own = pod === undefined ? null : subnetNamed(evidence, subnetNameOf(pod) ?? '')
      if (isGap(pods) || pod === undefined || own === null)
        return [
          unknown(
            'client-subnet-not-known',
            subject,
            said(
              'the client’s subnet is not known',
              `It is not known which subnet of OVN ${clientText(client)} is attached to.`,
            ),
            isGap(pods) ? [pods] : [],
          ),
        ]
      const [from, to] = [own, subnet ?? own].map(({ spec }) => spec?.vpc ?? 'ovn-cluster')
      if (from !== to)
        return [
          unknown(
            'between-vpcs-not-known',
            subject,
            said(
              'whether OVN joins two VPCs is not known',
              `${clientText(client)} is in the VPC ${String(from)} and ${vip.text} in ${String(to)}; whether OVN joins them is not in the evidence.`,
            ),
            [],
            place,
          ),
        ]
      return [
        pass(
          'same-vpc',
          subject,
          said(
            'the client is in its VPC of OVN',
            `${clientText(client)} is attached to the subnet ${own.metadata?.name ?? ''} of the VPC ${String(from)}, in which OVN carries ${vip.text}.`,
          ),
          [cite(pod, 'metadata', 'annotations'), ...place],
        ),
      ]
    }
    if (client.kind === 'node') return [fromNode(evidence, question, subject)]
    if (kubeOvn.rule !== null)
      return [
        fail(
          'client-outside-ovn',
          subject,
          said(
            'the client is outside OVN',
            `${clientText(client)} is outside OVN, and the load balancer of SwitchLBRule ${kubeOvn.rule.metadata?.name ?? ''} serves pods inside only.`,
          ),
          [cite(kubeOvn.rule, 'spec', 'vip'), ...place],
          {
            look: [sh`kubectl get services -A | grep slr-${kubeOvn.rule.metadata?.name}`],
            advice: 'Expose the pods of the rule by a Service of type LoadBalancer for clients outside.',
          },
        ),
      ]
    if (underlay)
      return [
        pass(
          'underlay',
          subject,
          said(
            'the network outside carries it',
            `${vip.text} lies in the underlay subnet ${name}, whose frames are on the network outside.`,
          ),
          place,
        ),
      ]
    return [
      unknown(
        'overlay-route-not-known',
        subject,
        said(
          'a way into the overlay is not known',
          `${vip.text} lies in the overlay${subnet === null ? '' : ` subnet ${name}`}, to which nothing outside OVN has a route unless somebody made one (an EIP, a NAT gateway, a route on the routers).`,
        ),
        [],
        place,
      ),
    ]
  },
  docs: {
    means:
      'An overlay VIP of Kube-OVN lives in OVN’s tunnels: clients outside have no route to it, and the load balancer of a SwitchLBRule serves pods inside only. An underlay subnet is on the network outside, but EC2 (like other clouds) drops frames whose MAC it did not give, so an underlay cannot work there.',
    byHand:
      'kubectl get subnet: is the VLAN column set (underlay)? From a pod of the subnet: curl VIP. From outside it is expected to fail.',
    mend: 'For clients outside: a Service of type LoadBalancer, an EIP or NAT gateway of a VPC of Kube-OVN, or a route. On EC2 use overlay subnets only.',
    sources: ['Kube-OVN documentation, "Underlay Installation", "VPC Internal Load Balancing"'],
  },
})

/**
 * A node has a port of its own in OVN: Kube-OVN annotates it with the subnet, and the node sends what lies in OVN out of `ovn0`
 * (Kube-OVN documentation, "Join Subnet"). Whether a load balancer is attached to that switch is in no evidence.
 */
function fromNode(evidence: Evidence, question: WithVip<KubeOvnQuestion>, subject: string): Draft {
  const { client, vip, kubeOvn } = question
  const name = client.kind === 'node' ? client.name : ''
  const { text } = vip
  const node = nodesByName(evidence).get(name)
  const key = 'ovn.kubernetes.io/logical_switch'
  const own = subnetNamed(evidence, node?.metadata?.annotations?.[key] ?? '')
  const subnet = subnetOf(evidence, question)
  if (node === undefined || own === null || subnet === null)
    return unknown(
      'node-port-not-seen',
      subject,
      said(
        'the node’s port in OVN is not seen',
        `Whether node/${name} reaches ${text} through its own port in OVN is not in the evidence.`,
      ),
      [],
    )
  const proof = [cite(node, 'metadata', 'annotations', key), cite(subnet, 'spec', 'cidrBlock')]
  const [from, to] = [own, subnet].map(({ spec }) => spec?.vpc ?? 'ovn-cluster')
  const [port, there] = [own, subnet].map(({ metadata }) => metadata?.name ?? '')
  if (from !== to)
    return unknown(
      'node-between-vpcs-not-known',
      subject,
      said(
        'whether OVN joins two VPCs is not known',
        `node/${name} has its port in the VPC ${String(from)} and ${text} lies in ${String(to)}; whether OVN joins them is not in the evidence.`,
      ),
      [],
      proof,
    )
  if (kubeOvn.rule !== null)
    return unknown(
      'node-subnet-not-balanced',
      subject,
      said(
        'whether OVN balances there is not known',
        `node/${name} has its port in the subnet ${String(port)} of the VPC ${String(from)}, as ${text} has; whether the load balancer of SwitchLBRule ${kubeOvn.rule.metadata?.name ?? ''} is attached there is not in the evidence.`,
      ),
      [],
      proof,
    )
  const routes = evidence.node(name).ipRoute
  const route = (known(routes) ?? []).find(({ dst, dev }) => {
    const cidr = parseCidr(dst)
    return dev === 'ovn0' && cidr !== null && rangeHas(cidr, vip)
  })
  if (route === undefined)
    return unknown(
      'node-route-not-seen',
      subject,
      said(
        'the node’s route to it is not seen',
        `node/${name} has its port in the VPC ${String(from)}, but no route to ${text} out of ovn0 is in the evidence.`,
      ),
      isGap(routes) ? [routes] : [],
      proof,
    )
  return pass(
    'node-routes-through-ovn',
    subject,
    said(
      'the node sends it into OVN',
      `node/${name} has its port in the subnet ${String(port)} of the VPC ${String(from)} and sends ${text}, of ${String(there)}, out of ovn0.`,
    ),
    [...proof, cite(route, 'dst')],
  )
}
