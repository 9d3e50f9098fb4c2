import { cite, citeLine } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes.ts'
import { takes } from '../../evidence/listen.ts'
import type { Question } from '../../evidence/question.ts'
import { podNamed } from '../../evidence/pods.ts'
import { endpointsOf, podsOf, type Endpoint } from '../../lb/endpoints.ts'
import { parseAddress } from '../../net/address.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'endpoint/pod-not-listening',
  title: 'The pods listen on the Service’s target port',
  needs: ['kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: ['node/listen'],
  appliesTo: ({ question }) => question.service !== null || 'A control-plane VIP has no pods behind it.',
  blocks: true,
  run: ({ evidence, question }) => {
    const { service, servicePort } = question
    const endpoints = endpointsOf(evidence, question)
    if (service === null || isGap(endpoints)) return []
    const named = namedByNobody(evidence, service, servicePort?.targetPort)
    if (named !== null) return [named]
    const ready = endpoints.filter((endpoint) => endpoint.ready)
    const subject = `service/${objectName(service)}`
    if (ready.length === 0) return [skipped(subject, 'The Service has no ready endpoint.')]
    const inside: Endpoint[] = []
    const drafts = ready.flatMap((endpoint) => {
      const pod = podNamed(evidence, endpoint.pod)
      if (pod?.spec?.hostNetwork === true && endpoint.node !== null)
        return [onItsNode(evidence, question, endpoint, endpoint.node, ready.length)]
      inside.push(endpoint)
      return []
    })
    return inside.length === 0 ? drafts : [...drafts, byDeclaration(subject, inside, evidence)]
  },
  docs: {
    means:
      'kube-proxy sends the packet to the target port of a pod, and nothing in the pod listens there: the client sees a refused connection. A pod is an endpoint as soon as its readiness probe passes, or at once where it has none, whatever it listens on. The sockets of pods in the network of the node (hostNetwork) stand in the evidence; those of other pods do not, and there the ports that the containers declare are compared, which are a promise only.',
    byHand:
      'kubectl get service NAME -o yaml: targetPort. kubectl exec POD -- ss -ltn, or on its node: nsenter -t PID -n ss -ltn. From a node: curl POD-IP:TARGETPORT.',
    mend: 'Set targetPort to the port on which the program listens, or name the container’s port as targetPort does; let the program listen on all addresses, not on 127.0.0.1.',
    sources: [
      'Kubernetes documentation, "Service: Port definitions", "Pod Lifecycle: Container probes"',
      'kubernetes v1.34.4 pkg/api/v1/pod/util.go (FindPort)',
    ],
  },
})

/** A target port by name that no container of the selected pods has: their endpoints then have no port at all. */
function namedByNobody(evidence: Evidence, service: Service, target: string | number | undefined): Draft | null {
  if (typeof target !== 'string' || /^\d+$/.test(target)) return null
  const pods = known(podsOf(evidence, service)) ?? []
  if (pods.length === 0) return null
  const ports = pods.flatMap(({ spec }) => spec?.containers ?? []).flatMap(({ ports: own = [] }) => own)
  if (ports.some(({ name }) => name === target)) return null
  const names = [...new Set(ports.flatMap(({ name }) => name ?? []))].sort()
  const { namespace = 'default', name = '' } = service.metadata ?? {}
  return fail(
    `service/${objectName(service)}`,
    `Service ${objectName(service)} sends to the port named ${target}, and no container of its pods names a port so${names.length === 0 ? '' : `; they name ${inWords(names)}`}.`,
    [cite(service, 'spec', 'ports'), ...pods.slice(0, 2).map((pod) => cite(pod, 'spec', 'containers', 0, 'ports'))],
    {
      commands: [`kubectl -n ${namespace} edit service ${name}`],
      changes: 'With a targetPort that the containers name, or a number, the pods become endpoints of this port.',
    },
  )
}

/** A pod in its node's network: the node's sockets are its own. */
function onItsNode(evidence: Evidence, { port }: Question, endpoint: Endpoint, node: string, of: number): Draft {
  const subject = `pod/${endpoint.pod ?? endpoint.address}`
  const place = cite(endpoint.slice, 'endpoints', endpoint.index, 'addresses', 0)
  const listening = evidence.node(node).listen
  const address = parseAddress(endpoint.address)?.text ?? endpoint.address
  if (isGap(listening))
    return unknown(
      subject,
      `It is not known whether anything listens on port ${String(endpoint.port)} of ${endpoint.pod ?? ''}.`,
      [listening],
      [place],
      { blocks: false },
    )
  const at = listening.listeners.filter((one) => one.protocol === port.protocol && one.port === endpoint.port)
  const taking = at.find((one) => takes(one, address))
  if (taking !== undefined)
    return pass(
      subject,
      `${taking.program ?? 'A program'} listens on port ${String(endpoint.port)} of ${node}, for ${endpoint.pod ?? ''}.`,
      [citeLine(listening.file, taking.line, listening.lines[taking.line - 1] ?? '')],
    )
  const [elsewhere] = at
  return fail(
    subject,
    `Nothing on ${node} listens on ${port.protocol} port ${String(endpoint.port)} of ${address}, where the Service sends what is for ${endpoint.pod ?? ''}${elsewhere === undefined ? '' : `: ${elsewhere.program ?? 'a program'} listens on ${elsewhere.address ?? 'another address'} only`}.`,
    [
      place,
      elsewhere === undefined
        ? citeLine(
            listening.file,
            1,
            `${String(listening.listeners.length)} sockets, none on port ${String(endpoint.port)}`,
          )
        : citeLine(listening.file, elsewhere.line, listening.lines[elsewhere.line - 1] ?? ''),
    ],
    {
      commands: [`ssh ${node} sudo ss -lntup`],
      changes:
        'Shows what listens there. Set the Service’s targetPort to that port, or let the program listen on the right one.',
    },
    of > 1 ? { partial: true } : {},
  )
}

/** Of pods with a network of their own only the declared ports are known. */
function byDeclaration(subject: string, endpoints: readonly Endpoint[], evidence: Evidence): Draft {
  const odd = endpoints.flatMap((endpoint) => {
    const pod = podNamed(evidence, endpoint.pod)
    const declared = (pod?.spec?.containers ?? [])
      .flatMap(({ ports = [] }) => ports)
      .flatMap(({ containerPort }) => containerPort ?? [])
    return pod === undefined || declared.length === 0 || declared.includes(endpoint.port)
      ? []
      : [{ endpoint, pod, declared }]
  })
  const [first] = odd
  if (first === undefined)
    return skipped(
      subject,
      'The sockets of pods with a network of their own are in no evidence; what their containers declare fits the target port.',
    )
  const { endpoint, pod, declared } = first
  const { namespace = 'default', name = '' } = pod.metadata ?? {}
  return warn(
    subject,
    `The Service sends to port ${String(endpoint.port)}, and ${objectName(pod)} declares ${inWords([...new Set(declared)].map(String))} only; whether it listens on ${String(endpoint.port)} is not in the evidence.`,
    [cite(endpoint.slice, 'ports'), cite(pod, 'spec', 'containers', 0, 'ports')],
    {
      fix: {
        commands: [`kubectl -n ${namespace} exec ${name} -- ss -ltn`],
        changes: 'Shows on which ports the pod listens. Set the Service’s targetPort to the right one.',
      },
    },
  )
}
