import { addressAndPort } from '../../net/port.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { proxyOn } from '../about/kube-proxy.ts'
import { deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/no-local-endpoint',
  after: 'translation/source-ranges',
  title: 'With externalTrafficPolicy Local the receiving node has an endpoint',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  appliesTo: ({ question }) => {
    return (
      question.service.spec?.externalTrafficPolicy === 'Local' ||
      'externalTrafficPolicy is Cluster: every node sends on to every endpoint.'
    )
  },
  blocks: true,
  each: 'receiving',
  consequenceOf: ['delivery/owner-not-announcer', 'endpoint/ready', 'translation/hostname-override'],
  run: (context) => {
    const { evidence, question, node } = context
    const share = shareDyingOf(context, ['no-local-endpoint'])
    if (isDraft(share)) return [share]
    const vip = addressAndPort(question.vip.text, question.port.port)
    const service = question.service.metadata
    const wrong = deadly(context, share, {
      reason: 'no-local-endpoint',
      brief: 'policy Local, and no endpoint on this node',
      says: () =>
        `${proxyOn(evidence, node)} on ${node} drops packets for ${vip}: externalTrafficPolicy is Local, and no endpoint is on ${node}.`,
      fix: () => ({
        summary: 'let every node send on to every endpoint',
        commands: [
          sh`kubectl -n ${service?.namespace ?? 'default'} patch service ${service?.name} -p '{"spec":{"externalTrafficPolicy":"Cluster"}}'`,
        ],
        changes:
          'Pods then see the address of the node instead of the client’s. To keep Local, let the packet arrive at a node with an endpoint.',
      }),
    })
    return [
      wrong ??
        pass(
          'not-dropped',
          `node/${node}`,
          said(
            'not dropped for want of a local endpoint',
            `${node} does not drop packets for ${vip} for want of a local endpoint.`,
          ),
          [],
        ),
    ]
  },
  docs: {
    means:
      'externalTrafficPolicy: Local keeps packets on the node that receives them. That node has no ready pod of the Service, so kube-proxy drops them: the client sees a time-out.',
    byHand:
      'iptables-save -t filter | grep "has no local endpoints" on the receiving node; kubectl get endpointslices -o wide shows the nodes of the endpoints. In an eBPF program’s table the VIP has no backend for clients outside (Cilium: [LoadBalancer, Local, two-scopes]; Calico: local 0 flags external-local).',
    mend: 'Let the VIP arrive where a pod is, put a pod where it arrives, or set externalTrafficPolicy to Cluster.',
    sources: [
      'Kubernetes documentation, "Virtual IPs and Service Proxies: External traffic policy"',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go ("has no local endpoints")',
    ],
  },
})
