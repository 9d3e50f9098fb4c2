import type { ServiceQuestion } from '../../evidence/question.ts'
import { cite, citeLine, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { inWords, counted } from '../../net/words.ts'
import { replacementOn } from '../../node/replacements.ts'
import { kubeProxyProcesses } from '../../node/service-proxy.ts'
import { translatorReads } from '../about/reads.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { restartOn } from '../about/kube-proxy.ts'
import { defineCheck, type Context } from '../check.ts'
import { pass, said, skipped, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'control/health-check-node-port',
  after: 'control/kubelet-port',
  title: 'With externalTrafficPolicy Local the nodes answer the Service’s health check',
  needs: ['kubernetes/services'],
  alsoReads: [...translatorReads],
  about: ['service'],
  appliesTo: ({ question: { service } }) => {
    if (service.spec?.type !== 'LoadBalancer') return 'Only a Service of type LoadBalancer has a health check port.'
    return (
      service.spec.externalTrafficPolicy === 'Local' ||
      'externalTrafficPolicy is Cluster: every node sends on to every endpoint, and there is no health check port.'
    )
  },
  blocks: false,
  run,
  docs: {
    means:
      'With externalTrafficPolicy: Local a load balancer in front of the nodes (an NLB, HAProxy, a router that checks its next hops) asks each node at spec.healthCheckNodePort whether it has an endpoint: 200 if so, 503 if not. kube-proxy listens there on every node. Without the port, or where another program holds it, the load balancer takes nodes for healthy that drop packets, or all nodes for dead. MetalLB and kube-vip do not ask it: for the VIP itself this is no cause.',
    byHand:
      'kubectl get service NAME -o jsonpath={.spec.healthCheckNodePort}; from another host: curl http://NODE:PORT/ shows localEndpoints. On the node: ss -ltnp.',
    mend: 'Set externalTrafficPolicy to Cluster and back to Local: the API server allocates a port. Where kube-proxy does not listen, read its log, stop what holds the port, and restart kube-proxy.',
    sources: [
      'Kubernetes documentation, "Create an External Load Balancer: Preserving the client source IP"',
      'kubernetes v1.34.4 pkg/proxy/healthcheck/service_health.go',
    ],
  },
})

function run({ evidence, question }: Context<ServiceQuestion>): readonly Draft[] {
  const { service } = question
  const name = objectName(service)
  const subject = `service/${name}`
  const port = service.spec?.healthCheckNodePort ?? 0
  const { namespace = 'default', name: short } = service.metadata ?? {}
  const patch = (policy: string) =>
    sh`kubectl -n ${namespace} patch service ${short} -p ${jsonWord({ spec: { externalTrafficPolicy: policy } })}`
  const between = 'Between the two commands every node sends on to every endpoint, from its own address.'
  if (port === 0)
    return [
      warn(
        'no-port',
        subject,
        said(
          'the Service has no health check port',
          `Service ${name} has externalTrafficPolicy Local and no healthCheckNodePort: a load balancer in front of the nodes cannot tell which of them have an endpoint.`,
        ),
        [cite(service, 'spec', 'externalTrafficPolicy'), cite(service, 'spec', 'healthCheckNodePort')],
        {
          fix: {
            summary: 'give the Service a health check port',
            commands: [patch('Cluster'), patch('Local')],
            changes: `The API server allocates one. ${between}`,
          },
        },
      ),
    ]
  const nodes = evidence.nodeNames.flatMap((node) => holderOf(evidence, node, port))
  const wrong = nodes.filter(({ holder }) => holder !== 'proxy')
  const [first] = wrong
  if (first !== undefined) {
    const { node, holder } = first
    const others = wrong.slice(1).map((one) => one.node)
    return [
      warn(
        'not-served',
        subject,
        said(
          holder === null ? 'nothing listens on the health check port' : 'another program holds the health check port',
          `${holder === null ? `Nothing listens on the health check port ${String(port)} of Service ${name} on ${node}` : `${holder} holds the health check port ${String(port)} of Service ${name} on ${node}`}: a load balancer in front learns nothing from kube-proxy there.${others.length === 0 ? '' : ` The same holds on ${inWords(others)}.`}`,
        ),
        [cite(service, 'spec', 'healthCheckNodePort'), ...wrong.slice(0, 4).map(({ proof }) => proof)],
        {
          fix:
            holder === null
              ? restartOn(evidence, node, `It opens the port when it starts, and writes every rule of ${node} anew.`)
              : {
                  look: [sh`ssh ${node} sudo ss -ltnp sport = :${port}`],
                  summary: 'give the Service another health check port',
                  commands: [patch('Cluster'), patch('Local')],
                  changes: `A load balancer in front must then ask at the new port. ${between}`,
                },
        },
      ),
    ]
  }
  if (nodes.length === 0)
    return [
      skipped(
        'sockets-not-read',
        subject,
        `Health checks go to port ${String(port)}; the sockets of kube-proxy are in no evidence.`,
      ),
    ]
  return [
    pass(
      'served',
      subject,
      said(
        'kube-proxy answers its health checks',
        `kube-proxy answers health checks of Service ${name} on port ${String(port)} of ${counted(nodes.length, 'node')}.`,
      ),
      nodes.slice(0, 4).map(({ proof }) => proof),
    ),
  ]
}

/** Programs that are kube-proxy or carry it: `ss` shows 15 characters of their names. */
const proxies = /^(kube-proxy|kubelite|k3s|hyperkube)/

interface Holder {
  readonly node: string
  /** `proxy`, the name of another program, or null for nobody. */
  readonly holder: string | null
  readonly proof: Proof
}

/** Who holds the port on a node where a kube-proxy runs: it, another program, or nobody (null). Empty where that is not known. */
function holderOf(evidence: Evidence, node: string, port: number): readonly Holder[] {
  const here = evidence.node(node)
  const listening = here.listen
  if (isGap(listening) || kubeProxyProcesses(here).length === 0 || replacementOn(evidence, node) !== null) return []
  const socket = listening.listeners.find((one) => one.protocol === 'tcp' && one.port === port)
  if (socket === undefined) {
    // A line that was not understood may be the one.
    if (listening.misread.length > 0) return []
    const value = `${String(listening.listeners.length)} sockets, none on port ${String(port)}`
    return [{ node, holder: null, proof: citeLine(listening.file, 1, value) }]
  }
  const proof = citeLine(listening.file, socket.line, listening.lines[socket.line - 1] ?? '')
  const { program } = socket
  return [{ node, holder: program === null || proxies.test(program) ? 'proxy' : program, proof }]
}
