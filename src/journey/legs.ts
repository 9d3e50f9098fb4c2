import type { ServiceQuestion } from '../evidence/question.ts'
import type { NetworkInterface } from '../evidence/ec2/kinds.ts'
import { isGap, known, type Gap, type Known } from '../evidence/gap.ts'
import { endpointsOf, podsOf } from '../lb/endpoints.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { wayToPod, type WayToPod } from '../node/way-to-pod.ts'
import { arrivalInterface } from '../fabric/ec2/delivery.ts'
import { owns, primaryAddress } from '../fabric/ec2/node-flow.ts'
import { interfacesOfNode } from '../fabric/ec2/node-interfaces.ts'
import type { NodeContext } from './context.ts'
import { itself, wireOf, type Wire } from './wire.ts'

/**
 * What a receiving node sends on to an endpoint of another node: from its own address (kube-proxy masquerades what it passes on), to the
 * pod's address and port. `pod` is null where the pod has no address yet; then the packet would go to some address behind `to`.
 */
export interface Leg {
  readonly receiving: string
  readonly from: NetworkInterface
  readonly to: NetworkInterface
  readonly source: Address
  readonly pod: Address | null
  readonly port: number
  /** How the receiving node's routing table sends it on; a gap where that is not known. */
  readonly way: Known<WayToPod>
  /** Whether an interface holds the pod's address: then the VPC delivers to the pod as to any host. */
  readonly held: boolean
  /** What the wire between the nodes sees; a gap where that is not known. */
  readonly wire: Known<Wire>
}

/** The ways from the receiving nodes to the endpoints on others; `gaps` are what keeps further ones from being known. */
export interface Legs {
  readonly legs: readonly Leg[]
  /** Receiving nodes that are the endpoint's node themselves: nothing is sent on from there. */
  readonly local: number
  readonly gaps: readonly Gap[]
}

/** True, or why nothing is passed on between nodes. */
export function passesOn({ question }: Pick<NodeContext<ServiceQuestion>, 'question'>): true | string {
  return question.service.spec?.externalTrafficPolicy === 'Local'
    ? 'With externalTrafficPolicy: Local nothing is passed on to other nodes.'
    : true
}

/** The legs to one endpoint's node. */
export function legsTo({ evidence, question, receiving, node }: NodeContext<ServiceQuestion>): Legs {
  const own = interfacesOfNode(evidence, node, question.vpcId)
  const to = isGap(own) ? null : (own[0] ?? null)
  const gaps: Gap[] = isGap(own) ? [own] : []
  const family = question.vip?.family ?? 4
  const targets = targetsOn({ evidence, question, node }, family)
  if (isGap(targets)) gaps.push(targets)
  const legs: Leg[] = []
  let local = 0
  for (const name of receiving.nodes) {
    if (name === node) {
      local += 1
      continue
    }
    const from = arrivalInterface(evidence, question, name)
    if (isGap(from)) gaps.push(from)
    if (isGap(from) || from === null || to === null || isGap(targets)) continue
    const source = primaryAddress(from, family)
    if (source === null) continue
    for (const { pod, port } of targets) {
      const way = pod === null ? ({ by: 'nothing' } as const) : wayToPod(evidence, name, pod)
      const held = pod !== null && isHeld(own, pod)
      const end = held ? holder(own, pod, to) : to
      const wire = pod === null ? itself : wireOf(evidence, way, { node: name, home: node, from, to: end, pod, held })
      legs.push({ receiving: name, from, to: end, source, pod, port, way, held, wire })
    }
  }
  return { legs, local, gaps }
}

const isHeld = (own: Known<readonly NetworkInterface[]>, pod: Address): boolean =>
  (known(own) ?? []).some((eni) => owns(eni, pod))
const holder = (own: Known<readonly NetworkInterface[]>, pod: Address, other: NetworkInterface): NetworkInterface =>
  (known(own) ?? []).find((eni) => owns(eni, pod)) ?? other

/** The endpoints on a node; where the Service has none that is ready, its pods there at the target port. */
function targetsOn(
  { evidence, question, node }: Pick<NodeContext<ServiceQuestion>, 'evidence' | 'question' | 'node'>,
  family: 4 | 6,
): Known<readonly { readonly pod: Address | null; readonly port: number }[]> {
  const endpoints = endpointsOf(evidence, question)
  if (isGap(endpoints)) return endpoints
  const ready = endpoints.filter((one) => one.ready && one.node === node)
  if (ready.length > 0) return ready.map(({ address, port }) => ({ pod: parseAddress(address), port }))
  const pods = podsOf(evidence, question.service)
  if (isGap(pods)) return pods
  return pods.flatMap(({ spec, status }) => {
    if (spec?.nodeName !== node) return []
    const { targetPort, port } = question.servicePort
    const named = (spec.containers ?? []).flatMap(({ ports }) => ports ?? []).find(({ name }) => name === targetPort)
    const number = typeof targetPort === 'number' ? targetPort : (named?.containerPort ?? port)
    const address = parseAddress(status?.podIP)
    return number === undefined ? [] : [{ pod: address?.family === family ? address : null, port: number }]
  })
}
