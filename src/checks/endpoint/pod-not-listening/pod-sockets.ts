import { cite, citeLine, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { isGap } from '../../../evidence/gap.ts'
import { type Pod } from '../../../evidence/kubernetes/kinds.ts'
import { takes } from '../../../evidence/node/listen.ts'
import type { ServiceQuestion } from '../../../evidence/question.ts'
import { podNamed } from '../../../evidence/kubernetes/pods.ts'
import type { Endpoint } from '../../../lb/endpoints.ts'
import { parseAddress } from '../../../net/address.ts'
import { addressAndPort } from '../../../net/port.ts'
import { counted, inWords } from '../../../net/words.ts'
import { sh } from '../../../net/shell.ts'
import { targetPortPatch } from './target-port.ts'
import { fail, pass, said, type Draft, type Remedy } from '../../finding.ts'

/** Whether a pod with a network of its own listens where the Service sends, by the sockets of its network namespace. */
export interface PodSocket {
  readonly endpoint: Endpoint
  readonly listens: boolean
  /** Completes "… and": what is there instead. Empty where the pod listens. */
  readonly instead: string
  readonly fix: Remedy
  readonly proof: Proof
}

/** Ports at which the sidecars of Istio and Linkerd take what comes into their pod, wherever it was sent. */
const sidecarPorts: readonly number[] = [15006, 4143]

/**
 * Looks an endpoint's pod up among the network namespaces of its node. Null where its sockets are not known: no evidence, a namespace that was
 * not found, sockets that may be missing, a runtime that keeps its sockets from the node's kernel, a sidecar before the program.
 */
export function socketOf(evidence: Evidence, question: ServiceQuestion, endpoint: Endpoint): PodSocket | null {
  const pod = podNamed(evidence, endpoint.pod)
  if (pod === undefined || endpoint.node === null) return null
  const listening = evidence.node(endpoint.node).podListen
  const address = parseAddress(endpoint.address)?.text ?? endpoint.address
  if (isGap(listening)) return null
  const network = listening.byAddress.get(address)
  if (network === undefined) return null
  const { protocol } = question.port
  const proofOf = (line: number) => citeLine(listening.file, line, listening.lines[line - 1] ?? '')
  const own = network.listeners.filter((one) => one.protocol === protocol)
  const at = own.filter((one) => one.port === endpoint.port)
  const taking = at.find((one) => takes(one, address))
  const found = {
    endpoint,
    fix: fixOf(
      question,
      pod,
      own.map(({ port }) => port),
      endpoint.port,
    ),
  }
  if (taking !== undefined) return { ...found, listens: true, instead: '', proof: proofOf(taking.line) }
  if (
    !network.whole ||
    own.some(({ port }) => sidecarPorts.includes(port)) ||
    hidesSockets(pod, network.listeners.length)
  )
    return null
  const [elsewhere] = at
  const ports = [...new Set(own.filter((one) => takes(one, address)).map(({ port }) => port))].sort(
    (one, other) => one - other,
  )
  return {
    ...found,
    listens: false,
    instead:
      elsewhere !== undefined
        ? isLoopback(elsewhere.address)
          ? `listens on loopback only (${addressAndPort(elsewhere.address ?? '', elsewhere.port)})`
          : `listens on ${addressAndPort(elsewhere.address ?? '', elsewhere.port)} only`
        : ports.length === 0
          ? `listens on no ${protocol} port`
          : `listens on ${protocol} ${ports.length === 1 ? 'port' : 'ports'} ${inWords(ports.map(String))}`,
    proof: proofOf(elsewhere?.line ?? network.line),
  }
}

const isLoopback = (address: string | null): boolean => address === '::1' || address?.startsWith('127.') === true

/**
 * A runtime class may be a virtual machine or a kernel in user space: the node's kernel then sees none of the pod's sockets. So it is with a
 * pod without any socket whose readiness probe connects to it, and passes.
 */
const hidesSockets = ({ spec }: Pod, sockets: number): boolean =>
  spec?.runtimeClassName !== undefined ||
  (sockets === 0 &&
    (spec?.containers ?? []).some(({ readinessProbe }) =>
      /"(httpGet|tcpSocket|grpc)"/.test(JSON.stringify(readinessProbe ?? null)),
    ))

function fixOf(question: ServiceQuestion, pod: Pod, ports: readonly number[], wanted: number): Remedy {
  const [only, ...more] = [...new Set(ports)]
  const patch = only === undefined || more.length > 0 || only === wanted ? null : targetPortPatch(question, only)
  if (patch === null)
    return {
      look: [sh`kubectl -n ${pod.metadata?.namespace} exec ${pod.metadata?.name} -- ss -lntu`],
      advice:
        'Let the program listen on all addresses (0.0.0.0 or ::) at the target port, or set the Service’s targetPort to the port where it does.',
    }
  return {
    summary: `send to port ${String(only)}`,
    commands: [patch],
    changes: `The Service then sends to port ${String(only)} of every pod that it selects.`,
  }
}

/** What is known of the pods with a network of their own, in one finding for those that listen and one for those that do not. */
export function socketDrafts(
  subject: string,
  question: ServiceQuestion,
  sockets: readonly PodSocket[],
): readonly Draft[] {
  const good = sockets.filter(({ listens }) => listens)
  const bad = sockets.filter(({ listens }) => !listens)
  const [first] = bad
  const { protocol } = question.port
  const drafts: Draft[] = []
  const port = (all: readonly PodSocket[]) => inWords([...new Set(all.map(({ endpoint }) => String(endpoint.port)))])
  if (good.length > 0)
    drafts.push(
      pass(
        'pod-listens',
        subject,
        said(
          `the pods listen on ${protocol} port ${port(good)}`,
          `${good.length === 1 ? `${nameOf(good[0])} listens` : `${counted(good.length, 'pod')} listen`} on ${protocol} port ${port(good)}.`,
        ),
        good.slice(0, 5).map(({ proof }) => proof),
      ),
    )
  if (first !== undefined) {
    const { endpoint } = first
    const others = bad.length === 1 ? '' : ` The same holds for ${counted(bad.length - 1, 'other pod')} of the Service.`
    drafts.push(
      fail(
        'pod-silent',
        bad.length === 1 ? `pod/${nameOf(first)}` : subject,
        said(
          `nothing in the pod listens on port ${String(endpoint.port)}`,
          `Nothing in ${nameOf(first)} listens on ${protocol} port ${String(endpoint.port)} of ${endpoint.address}, where the Service sends: the pod ${first.instead}.${others}`,
        ),
        [
          cite(endpoint.slice, 'endpoints', endpoint.index, 'addresses', 0),
          ...bad.slice(0, 4).map(({ proof }) => proof),
        ],
        first.fix,
      ),
    )
  }
  return drafts
}

const nameOf = (socket: PodSocket | undefined): string => socket?.endpoint.pod ?? socket?.endpoint.address ?? ''
