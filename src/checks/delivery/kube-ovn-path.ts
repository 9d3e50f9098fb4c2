import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { clientText } from '../../evidence/question.ts'
import { podNamed } from '../../evidence/pods.ts'
import { isUnderlay, subnetNameOf, subnetNamed, subnetOf } from '../../lb/kube-ovn/vips.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, unknown } from '../finding.ts'

export default defineCheck({
  id: 'delivery/kube-ovn-path',
  title: 'The client’s network reaches the VIP’s subnet in OVN',
  needs: ['kubernetes/ovnsubnets'],
  alsoReads: ['kubernetes/pods'],
  kubeOvn: true,
  appliesTo: ({ question }) => question.vip !== null || 'The VIP has no address yet.',
  blocks: true,
  run: ({ evidence, question }) => {
    const { vip, client, fabric, kubeOvn } = question
    if (vip === null || kubeOvn === undefined) return []
    const subject = `vip/${vip.text}`
    const subnet = subnetOf(evidence, question)
    const name = subnet?.metadata?.name ?? ''
    const place = subnet === null ? [] : [cite(subnet, 'spec', 'cidrBlock')]
    const underlay = subnet !== null && isUnderlay(subnet)
    if (underlay && fabric === 'ec2')
      return [
        fail(
          subject,
          `${vip.text} lies in the underlay subnet ${name}, and EC2 does not accept frames from a MAC that it did not give: underlay networks of Kube-OVN do not work there.`,
          [...place, cite(subnet, 'spec', 'vlan')],
          {
            commands: ['kubectl get subnets,vlans,provider-networks'],
            changes:
              'Shows which subnets are of the underlay. On EC2 use an overlay subnet, and a load balancer or a route for clients outside.',
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
            subject,
            `It is not known which subnet of OVN ${clientText(client)} is attached to.`,
            isGap(pods) ? [pods] : [],
          ),
        ]
      const [from, to] = [own, subnet ?? own].map(({ spec }) => spec?.vpc ?? 'ovn-cluster')
      if (from !== to)
        return [
          unknown(
            subject,
            `${clientText(client)} is in the VPC ${String(from)} and ${vip.text} in ${String(to)}; whether OVN joins them is not in the evidence.`,
            [],
            place,
          ),
        ]
      return [
        pass(
          subject,
          `${clientText(client)} is attached to the subnet ${own.metadata?.name ?? ''} of the VPC ${String(from)}, in which OVN carries ${vip.text}.`,
          [cite(pod, 'metadata', 'annotations'), ...place],
        ),
      ]
    }
    if (client.kind === 'node')
      return [
        unknown(
          subject,
          `Whether ${clientText(client)} reaches ${vip.text} through its own port in OVN is not in the evidence.`,
          [],
          place,
        ),
      ]
    if (kubeOvn.rule !== null)
      return [
        fail(
          subject,
          `${clientText(client)} is outside OVN, and the load balancer of SwitchLBRule ${kubeOvn.rule.metadata?.name ?? ''} serves pods inside only.`,
          [cite(kubeOvn.rule, 'spec', 'vip'), ...place],
          {
            commands: [`kubectl get services -A | grep slr-${kubeOvn.rule.metadata?.name ?? ''}`],
            changes:
              'Shows the Service behind the rule. Expose its pods by a Service of type LoadBalancer for clients outside.',
          },
        ),
      ]
    if (underlay)
      return [
        pass(
          subject,
          `${vip.text} lies in the underlay subnet ${name}, whose frames are on the network outside.`,
          place,
        ),
      ]
    return [
      unknown(
        subject,
        `${vip.text} lies in the overlay${subnet === null ? '' : ` subnet ${name}`}, to which nothing outside OVN has a route unless somebody made one (an EIP, a NAT gateway, a route on the routers).`,
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
    sources: [
      'Kube-OVN documentation, "Underlay Installation", "VPC Internal Load Balancing"',
      'Facts KO-U01, KO-U05, KO-L05',
    ],
  },
})
