import { cite, type Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { parseAddress } from '../../net/address.ts'
import { addressAndPort } from '../../net/port.ts'
import { inWords } from '../../net/words.ts'
import { autopsy } from '../../node/death.ts'
import { traceVip } from '../../journey/vip-trace.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type ServiceContext } from '../check.ts'
import { pass, said, skipped, warn, type Draft } from '../finding.ts'
import { journalOf, restartOn } from '../about/kube-proxy.ts'
import { proofOf } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/internal-traffic-policy',
  after: 'translation/no-local-endpoint',
  title: 'What runs on the client’s node reaches the Service at its cluster IP, too',
  needs: ['kubernetes/endpointslices'],
  alsoReads: ['kubernetes/nodes', 'kubernetes/pods', 'node/iptables-nft', 'node/nft-ruleset', 'node/proc-net-ip-vs'],
  about: ['service'],
  appliesTo: ({ question: { service } }) => {
    return (
      service.spec?.internalTrafficPolicy === 'Local' ||
      'internalTrafficPolicy is Cluster: the cluster IP leads to every endpoint.'
    )
  },
  blocks: false,
  run,
  docs: {
    means:
      'internalTrafficPolicy: Local is about the cluster IP: what pods and processes of a node send there goes to endpoints of that node, and is dropped where it has none. The VIP is not subject to it, whoever the client is: packets for it from a pod or from a node itself are translated as if they came in from outside, and with externalTrafficPolicy: Local they may go to every endpoint. So on a node without an endpoint the VIP works while the cluster IP, and the Service’s name in DNS, which stands for it, time out.',
    byHand:
      'kubectl get service NAME -o jsonpath={.spec.internalTrafficPolicy}; from a pod of the node: curl CLUSTER-IP and curl VIP. iptables-save -t filter | grep "has no local endpoints".',
    mend: 'Set internalTrafficPolicy to Cluster, or run the pods on every node (a DaemonSet).',
    sources: [
      'Kubernetes documentation, "Service Internal Traffic Policy"',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go ("pod traffic for … external destinations": subject to neither form of traffic policy)',
    ],
  },
})

function run({ evidence, question, receiving }: ServiceContext): readonly Draft[] {
  const { service, vip } = question
  const endpoints = endpointsOf(evidence, question)
  if (isGap(endpoints)) return []
  const name = objectName(service)
  const subject = `service/${name}`
  const policy = cite(service, 'spec', 'internalTrafficPolicy')
  const clusterIp = (service.spec?.clusterIPs ?? [service.spec?.clusterIP])
    .flatMap((text) => parseAddress(text) ?? [])
    .find(({ family }) => family === vip.family)
  if (clusterIp === undefined) return [skipped('no-cluster-ip', subject, `Service ${name} has no cluster IP.`)]
  const place = addressAndPort(clusterIp.text, question.servicePort.port ?? question.port.port)
  const local = new Set(endpoints.flatMap(({ ready, node }) => (ready && node !== null ? [node] : [])))
  const own = receiving.by === 'client' ? (receiving.nodes[0] ?? null) : null
  if (own === null) {
    const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
    const without = nodes.filter((node) => !local.has(node))
    return [
      pass(
        'not-about-vip',
        subject,
        said(
          'internalTrafficPolicy is not about the VIP',
          `internalTrafficPolicy Local is about the cluster IP ${place}, not about the VIP${without.length === 0 ? '' : `; on ${inWords(without)}, without a ready endpoint, that one does not answer`}.`,
        ),
        [policy],
      ),
    ]
  }
  if (local.has(own))
    return [
      pass(
        'local-endpoint',
        subject,
        said('the cluster IP has a local endpoint', `On ${own} the cluster IP ${place} leads to an endpoint there.`),
        [policy],
      ),
    ]
  const traced = traceVip(
    evidence,
    { ...question, vip: clusterIp, port: { ...question.port, port: question.servicePort.port ?? question.port.port } },
    own,
  )
  const journeys = isGap(traced) ? [] : traced.parts.flatMap((part) => part.journeys)
  const arriving = journeys.find((journey) => autopsy(journey) === null)
  // Rules that are older than the Service, or of a proxy that knows no such policy, still lead somewhere: then the policy does not hold there.
  if (arriving !== undefined)
    return [
      warn(
        'no-local-endpoint-but-translated',
        subject,
        said(
          'the rules do not follow internalTrafficPolicy',
          `internalTrafficPolicy of Service ${name} is Local, and no ready endpoint is on ${own}; the rules of ${own} lead from ${place} to ${addressAndPort(arriving.first.packet.destination.text, arriving.first.packet.destinationPort)} all the same.`,
        ),
        [policy, ...proofOf(arriving.first.steps.slice(-2))],
        { fix: restartOn(evidence, own, `kube-proxy writes every rule of ${own} anew.`, [journalOf(evidence, own)]) },
      ),
    ]
  const rules: readonly Proof[] = journeys.slice(0, 1).flatMap(({ first }) => proofOf(first.steps.slice(-2)))
  const { namespace = 'default', name: short = '' } = service.metadata ?? {}
  return [
    warn(
      'no-local-endpoint',
      subject,
      said(
        'the cluster IP does not answer, the VIP does',
        `internalTrafficPolicy of Service ${name} is Local, and no ready endpoint is on ${own}: from there the cluster IP ${place} does not answer. The VIP is not subject to it.`,
      ),
      [policy, ...rules],
      {
        fix: {
          summary: 'let the cluster IP lead to every endpoint',
          commands: [
            sh`kubectl -n ${namespace} patch service ${short} -p '{"spec":{"internalTrafficPolicy":"Cluster"}}'`,
          ],
          changes: 'It does from every node. To keep Local, run a pod on each node.',
        },
      },
    ),
  ]
}
