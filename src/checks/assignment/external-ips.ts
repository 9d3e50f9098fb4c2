import type { ServiceQuestion } from '../../evidence/question.ts'
import { cite } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { fabricOf } from '../../fabric/index.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { metallbInstalled } from '../../lb/metallb/install.ts'
import { parseAddress, sameAddress } from '../../net/address.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'assignment/external-ips',
  title: 'Somebody answers for an address that stands in externalIPs only',
  needs: ['kubernetes/services'],
  alsoReads: ['kubernetes/nodes', 'node/ip-addr', 'kubernetes/pods', 'kubernetes/deployments'],
  about: ['service'],
  appliesTo: ({ question }) => placeIn(question) !== null || 'The VIP is no address of the Service’s externalIPs.',
  blocks: true,
  run,
  docs: {
    means:
      'kube-proxy translates packets to the addresses in spec.externalIPs on every node, and nobody else does anything for them: Kubernetes assigns no such address, MetalLB and kube-vip do not look at the field. On a LAN no host answers ARP for it, unless somebody put it on an interface or routes it to a node.',
    byHand: 'On a host of the LAN: arping -c 2 ADDRESS; on the nodes: ip -brief address | grep ADDRESS.',
    mend: 'Ask MetalLB for the address instead: type LoadBalancer with the annotation metallb.io/loadBalancerIPs, and a pool that has it.',
    sources: [
      'Kubernetes documentation, "Service: External IPs" (not managed by Kubernetes)',
      'MetalLB v0.16.1 controller/service.go, which reads status.loadBalancer and spec.loadBalancerIP',
    ],
  },
})

/** Where the VIP stands among the Service's externalIPs, if it is none of its ingress addresses. */
function placeIn({ service, vip }: ServiceQuestion): number | null {
  if (vip === null) return null
  if ((service.status?.loadBalancer?.ingress ?? []).some(({ ip }) => sameAddress(parseAddress(ip), vip))) return null
  const at = (service.spec?.externalIPs ?? []).findIndex((text) => sameAddress(parseAddress(text), vip))
  return at === -1 ? null : at
}

function run({ evidence, question }: Context<ServiceQuestion>): readonly Draft[] {
  const { service, vip } = question
  const at = placeIn(question)
  if (vip === null || at === null) return []
  const name = objectName(service)
  const subject = `service/${name}`
  const proof = [cite(service, 'spec', 'externalIPs', at)]
  const { delivery } = fabricOf(question)
  if (delivery === 'unknown')
    return [
      unknown(
        'delivery-not-known',
        subject,
        said(
          'in externalIPs; who delivers it is not known',
          `Service ${name} has ${vip.text} in its externalIPs, which every node translates; whether the network brings it to one is not known.`,
        ),
        [],
        proof,
      ),
    ]
  if (delivery === 'ownership')
    return [
      pass(
        'delivered-by-the-network',
        subject,
        said(
          'in externalIPs, which every node translates',
          `Service ${name} has ${vip.text} in its externalIPs, which every node translates.`,
        ),
        proof,
      ),
    ]
  const holders = [...new Set(boundAnywhere(evidence, vip).map(({ node }) => node))]
  if (holders.length > 0)
    return [
      pass(
        'held-by-a-node',
        subject,
        said(
          'in externalIPs, and a node holds it',
          `Service ${name} has ${vip.text} in its externalIPs, and ${inWords(holders)} holds it.`,
        ),
        proof,
      ),
    ]
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  const unread = nodes.map((node) => evidence.node(node).ipAddr).filter(isGap)
  const { namespace = 'default', name: short = '' } = service.metadata ?? {}
  const patch = JSON.stringify({
    metadata: { annotations: { 'metallb.io/loadBalancerIPs': vip.text } },
    spec: { type: 'LoadBalancer', externalIPs: null },
  })
  const says = `${vip.text} stands in spec.externalIPs of Service ${name} only: kube-proxy translates it, but nobody gives or announces it, so no host of the LAN is told who has it.`
  if (unread.length > 0 || nodes.length === 0)
    return [
      unknown(
        'holder-not-known',
        subject,
        said('in externalIPs only; its holder is not known', `${says} Whether a node holds it is not known.`),
        unread.length > 0 ? unread.slice(0, 3) : [evidence.kubernetes.nodes].filter(isGap),
        proof,
      ),
    ]
  const installed = known(metallbInstalled(evidence)) === true
  return [
    fail(
      'announced-by-nobody',
      subject,
      said('in externalIPs only, which nobody announces', says),
      [
        ...proof,
        ...nodes
          .slice(0, 1)
          .map((node) => ({ file: nodeFile(node, 'ipAddr'), pointer: '', value: `no interface with ${vip.text}` })),
      ],
      installed
        ? {
            summary: `ask MetalLB for ${vip.text} instead`,
            commands: [sh`kubectl -n ${namespace} patch service ${short} --type merge -p ${{ word: patch }}`],
            changes: 'The Service becomes one of type LoadBalancer. A pool of MetalLB must have the address.',
          }
        : {
            look: [sh`kubectl get services -A -o wide`],
            advice: `Have the routers of the LAN send ${vip.text} to a node, or install an announcer and ask it for the address.`,
          },
    ),
  ]
}
