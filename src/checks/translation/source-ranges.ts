import { cite } from '../../evidence/cite.ts'
import { clientText, type Client } from '../../evidence/question.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped } from '../finding.ts'
import { proxyOn } from '../about/kube-proxy.ts'
import { deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/source-ranges',
  after: 'translation/strict-arp',
  title: 'The Service’s source ranges admit the client',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  appliesTo: ({ question }) => {
    return (
      (question.service.spec?.loadBalancerSourceRanges ?? []).length > 0 ||
      'The Service has no loadBalancerSourceRanges: every client is admitted.'
    )
  },
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const { service } = question
    const share = shareDyingOf(context, ['source-ranges'])
    if (isDraft(share)) return [share]
    if (
      share.dead === 'none' &&
      !share.trace.parts.some(({ journeys }) => journeys.some(({ first }) => first.packet.translated))
    )
      return [
        skipped(
          'ends-before',
          `node/${node}`,
          `On ${node} the packet ends before the Service’s source ranges are asked.`,
        ),
      ]
    const ranges = inWords(service.spec?.loadBalancerSourceRanges ?? [])
    const who = share.trace.parts[0]?.source.text ?? clientText(question.client)
    const name = service.metadata?.name ?? ''
    const proof = cite(service, 'spec', 'loadBalancerSourceRanges')
    const wrong = deadly(context, share, {
      reason: 'not-in-source-ranges',
      brief: 'the client is not in the source ranges',
      says: () =>
        `${proxyOn(evidence, node)} on ${node} drops packets from ${question.client.kind === 'address' ? who : `clients such as ${who}`}: the Service admits only ${ranges}.`,
      fix: () => {
        const namespace = service.metadata?.namespace ?? 'default'
        const range = rangeOf(question.client)
        if (range === null)
          return {
            look: [sh`kubectl -n ${namespace} get service ${name} -o yaml`],
            advice: 'Add the range of the clients to spec.loadBalancerSourceRanges.',
          }
        const patch = jsonWord([{ op: 'add', path: '/spec/loadBalancerSourceRanges/-', value: range }])
        return {
          summary: `admit ${range}`,
          commands: [sh`kubectl -n ${namespace} patch service ${name} --type=json -p ${patch}`],
          changes: `Every node then admits the range for ${name}.`,
        }
      },
    })
    return [
      wrong === null
        ? pass(
            'admitted',
            `node/${node}`,
            said('the source ranges admit the client', `The source ranges ${ranges} admit the client on ${node}.`),
            [proof],
          )
        : { ...wrong, proof: [...wrong.proof, proof] },
    ]
  },
  docs: {
    means:
      'The Service lists the ranges that may use its VIP, and the client is in none of them: kube-proxy drops its packets before they are translated, silently. The client sees a time-out.',
    byHand:
      'kubectl get service NAME -o yaml: spec.loadBalancerSourceRanges. On the node: chain KUBE-FW-… (KUBE-PROXY-FIREWALL), in nftables mode the map firewall-ips, in IPVS mode the set KUBE-LOAD-BALANCER-SOURCE-CIDR.',
    mend: 'Add the client’s range. Behind a NAT or a proxy the client’s range is the NAT’s or the proxy’s.',
    sources: [
      'Kubernetes documentation, "Service: Load balancer source ranges"',
      'kubernetes v1.34.4 pkg/proxy/nftables/proxier.go (firewall-ips)',
    ],
  },
})

/** The client as a range that a Service can admit; null where it is a set that no one range is. */
function rangeOf(client: Client): string | null {
  if (client.kind === 'cidr') return clientText(client)
  return client.kind === 'address' ? `${client.address.text}/${client.address.family === 4 ? '32' : '128'}` : null
}
