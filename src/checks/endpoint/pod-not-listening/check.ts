import { cite, citeLine } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { isGap } from '../../../evidence/gap.ts'
import { objectName } from '../../../evidence/kubernetes/kinds.ts'
import { takes } from '../../../evidence/node/listen.ts'
import type { ServiceQuestion } from '../../../evidence/question.ts'
import { podNamed } from '../../../evidence/kubernetes/pods.ts'
import { endpointsOf, type Endpoint } from '../../../lb/endpoints.ts'
import { parseAddress } from '../../../net/address.ts'
import { inWords } from '../../../net/words.ts'
import { sh } from '../../../net/shell.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft } from '../../finding.ts'
import { socketDrafts, socketOf, type PodSocket } from './pod-sockets.ts'
import { missingTargetPort } from './target-port.ts'

export default defineCheck({
  id: 'endpoint/pod-not-listening',
  after: 'endpoint/vip-bound',
  title: 'The pods listen on the Service’s target port',
  needs: ['kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: ['node/listen', 'node/pod-listen'],
  about: ['service'],
  blocks: true,
  run: ({ evidence, question, receiving }) => {
    const { service } = question
    const endpoints = endpointsOf(evidence, question)
    if (isGap(endpoints)) return []
    const missing = missingTargetPort(evidence, question)
    if (missing?.status === 'fail') return [missing]
    const subject = `service/${objectName(service)}`
    const ready = endpoints.filter((endpoint) => endpoint.ready)
    if (ready.length === 0)
      return missing === null
        ? [skipped('no-ready-endpoint', subject, 'The Service has no ready endpoint.')]
        : [missing]
    const lost = new Set<Endpoint>()
    const dark: Endpoint[] = []
    const sockets: PodSocket[] = []
    const drafts: Draft[] = []
    for (const endpoint of ready) {
      const node = nodeItIs(evidence, endpoint)
      if (node !== null) {
        const draft = onItsNode(evidence, question, endpoint, node)
        if (draft.status === 'fail') lost.add(endpoint)
        drafts.push(draft)
        continue
      }
      const socket = socketOf(evidence, question, endpoint)
      if (socket === null) dark.push(endpoint)
      else sockets.push(socket)
      if (socket?.listens === false) lost.add(endpoint)
    }
    drafts.push(...socketDrafts(subject, question, sockets))
    if (dark.length > 0) drafts.push(byDeclaration(subject, dark, evidence))
    const meets = ({ node }: Endpoint) =>
      service.spec?.externalTrafficPolicy !== 'Local' || node === null || receiving.nodes.includes(node)
    const met = ready.some(meets) ? ready.filter(meets) : ready
    const partial = !met.every((endpoint) => lost.has(endpoint))
    const judged = drafts.map((draft) => (draft.status === 'fail' && partial ? { ...draft, partial } : draft))
    return missing === null ? judged : [...judged, missing]
  },
  docs: {
    means:
      'kube-proxy sends the packet to the target port of a pod, and nothing in the pod listens there: the client sees a refused connection. A pod is an endpoint as soon as its readiness probe passes, or at once where it has none, whatever it listens on. The sockets of pods in the network of the node (hostNetwork) stand in ss-listen.txt of the node, those of other pods in pod-listen.txt; where they are not in the evidence, the ports that the containers declare are compared, which are a promise only. A program that listens on 127.0.0.1 of its pod is reached from inside the pod alone. A target port by name must be named by a container of the pod, at the Service’s protocol; its number may differ from pod to pod.',
    byHand:
      'kubectl get service NAME -o yaml: targetPort. kubectl exec POD -- ss -ltn, or on its node: nsenter -t PID -n ss -ltn. From a node: curl POD-IP:TARGETPORT.',
    mend: 'Set targetPort to the port on which the program listens, or name the container’s port as targetPort does; let the program listen on all addresses, not on 127.0.0.1.',
    sources: [
      'Kubernetes documentation, "Service: Port definitions", "Pod Lifecycle: Container probes"',
      'kubernetes v1.34.4 pkg/api/v1/pod/util.go (FindPort)',
      'Linux, Documentation/networking/proc_net_tcp.rst; proc(5), /proc/PID/net',
    ],
  },
})

/** The node whose network an endpoint's pod is in; null where it has one of its own. */
const nodeItIs = (evidence: Evidence, { pod, node }: Endpoint): string | null =>
  podNamed(evidence, pod)?.spec?.hostNetwork === true ? node : null

/** A pod in its node's network: the node's sockets are its own. */
function onItsNode(evidence: Evidence, { port }: ServiceQuestion, endpoint: Endpoint, node: string): Draft {
  const subject = `pod/${endpoint.pod ?? endpoint.address}`
  const place = cite(endpoint.slice, 'endpoints', endpoint.index, 'addresses', 0)
  const listening = evidence.node(node).listen
  const address = parseAddress(endpoint.address)?.text ?? endpoint.address
  if (isGap(listening))
    return unknown(
      'sockets-not-read',
      subject,
      said(
        'the node’s sockets are not read',
        `It is not known whether anything listens on port ${String(endpoint.port)} of ${endpoint.pod ?? ''}.`,
      ),
      [listening],
      [place],
      { blocks: false },
    )
  const at = listening.listeners.filter((one) => one.protocol === port.protocol && one.port === endpoint.port)
  const taking = at.find((one) => takes(one, address))
  if (taking !== undefined)
    return pass(
      'host-network-listens',
      subject,
      said(
        `${taking.program ?? 'a program'} listens on port ${String(endpoint.port)}`,
        `${taking.program ?? 'A program'} listens on port ${String(endpoint.port)} of ${node}, for ${endpoint.pod ?? ''}.`,
      ),
      [citeLine(listening.file, taking.line, listening.lines[taking.line - 1] ?? '')],
    )
  const [elsewhere] = at
  return fail(
    'host-network-silent',
    subject,
    said(
      `nothing listens on ${port.protocol} port ${String(endpoint.port)}`,
      `Nothing on ${node} listens on ${port.protocol} port ${String(endpoint.port)} of ${address}, where the Service sends what is for ${endpoint.pod ?? ''}${elsewhere === undefined ? '' : `: ${elsewhere.program ?? 'a program'} listens on ${elsewhere.address ?? 'another address'} only`}.`,
    ),
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
      look: [sh`ssh ${node} sudo ss -lntup`],
      advice: 'Set the Service’s targetPort to that port, or let the program listen on the right one.',
    },
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
      'declared-port-fits',
      subject,
      'The sockets of pods with a network of their own are in no evidence; what their containers declare fits the target port.',
    )
  const { endpoint, pod, declared } = first
  const { namespace = 'default', name = '' } = pod.metadata ?? {}
  return warn(
    'other-port-declared',
    subject,
    said(
      `the pod declares no port ${String(endpoint.port)}`,
      `The Service sends to port ${String(endpoint.port)}, and ${objectName(pod)} declares ${inWords([...new Set(declared)].map(String))} only; whether it listens on ${String(endpoint.port)} is not in the evidence.`,
    ),
    [cite(endpoint.slice, 'ports'), cite(pod, 'spec', 'containers', 0, 'ports')],
    {
      fix: {
        look: [sh`kubectl -n ${namespace} exec ${name} -- ss -ltn`],
        advice: 'Set the Service’s targetPort to the port on which the pod listens.',
      },
    },
  )
}
