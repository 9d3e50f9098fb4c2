import type { NetworkInterface } from '../evidence/ec2/kinds.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { objectName } from '../evidence/kubernetes/kinds.ts'
import { podsAt } from '../evidence/kubernetes/pods.ts'
import type { Question } from '../evidence/question.ts'
import { interfacesOfNode } from '../fabric/ec2/node-interfaces.ts'
import { vipPlace, vpcDelivery } from '../fabric/ec2/delivery.ts'
import { endpointsOf } from '../lb/endpoints.ts'
import { addressAndPort } from '../net/port.ts'
import { traceVip } from './vip-trace.ts'
import type { Step } from '../node/trace/types.ts'
import type { Receiving } from './context.ts'

/** What the packet meets on its way, as a picture shows it: names only, no judgement. What is not known is null or empty. */
export interface Scene {
  /** Whether the client stands in the network of the nodes. */
  readonly clientInside: boolean
  readonly network: {
    readonly kind: 'VPC' | 'LAN' | 'network'
    readonly name: string | null
    readonly subnet: string | null
  }
  readonly interface: { readonly id: string; readonly groups: readonly string[] } | null
  readonly nodes: readonly string[]
  /** The rules that decided on the receiving node, in order; none where the packet is not traced. */
  readonly rules: readonly Step[]
  readonly ends: readonly End[]
}

/** Where packets end: a pod, or an address that no pod has. `share` of 1, null where it is not traced. */
interface End {
  readonly place: string
  readonly pod: string | null
  readonly node: string | null
  readonly share: number | null
}

/** The scene of one question; what was not read is not drawn. */
export function sceneOf(evidence: Evidence, question: Question, receiving: Receiving): Scene {
  const [node] = receiving.nodes
  const traced = node === undefined || question.vip === null ? null : tracedEnds(evidence, question, node)
  return {
    clientInside: question.client.kind !== 'internet' && question.client.kind !== 'cidr',
    network: networkOf(evidence, question),
    interface: interfaceOf(evidence, question, node),
    nodes: receiving.nodes,
    rules: traced?.rules ?? [],
    ends: traced !== null && traced.ends.length > 0 ? traced.ends : listedEnds(evidence, question),
  }
}

function networkOf(evidence: Evidence, question: Question): Scene['network'] {
  if (question.fabric !== 'ec2')
    return { kind: question.fabric === 'lan' ? 'LAN' : 'network', name: null, subnet: null }
  const where = vipPlace(evidence, question)
  if (isGap(where)) return { kind: 'VPC', name: null, subnet: null }
  const { SubnetId, CidrBlock } = where.place?.subnet ?? {}
  return {
    kind: 'VPC',
    name: where.vpcId,
    subnet: SubnetId === undefined ? null : `${SubnetId}${CidrBlock === undefined ? '' : ` ${CidrBlock}`}`,
  }
}

/** The interface that gets the packet; where none does, the first one of the node at which it is looked for next. */
function interfaceOf(evidence: Evidence, question: Question, node: string | undefined): Scene['interface'] {
  if (question.fabric !== 'ec2' || question.vip === null) return null
  const delivery = vpcDelivery(evidence, question)
  if (!isGap(delivery) && delivery.by !== 'nobody') return named(delivery.interface)
  const [first] = node === undefined ? [] : (known(interfacesOfNode(evidence, node, question.vpcId)) ?? [])
  return first === undefined ? null : named(first)
}

const named = ({ NetworkInterfaceId = '', Groups = [] }: NetworkInterface): Scene['interface'] => ({
  id: NetworkInterfaceId,
  groups: Groups.flatMap(({ GroupName, GroupId }) => GroupName ?? GroupId ?? []),
})

/** Where the node's rules send the packets, with their shares over all clients; and the rules of the likeliest way. */
function tracedEnds(evidence: Evidence, question: Question, node: string): Pick<Scene, 'rules' | 'ends'> | null {
  const trace = traceVip(evidence, question, node)
  if (isGap(trace)) return null
  const ends = new Map<string, End>()
  const journeys = trace.parts.flatMap((part) => part.journeys)
  for (const { probability, first } of journeys) {
    if (first.fate.kind !== 'delivered' && first.fate.kind !== 'local') continue
    const { destination, destinationPort } = first.packet
    const place = addressAndPort(destination.text, destinationPort)
    const [pod] = podsAt(evidence, destination)
    const share = (ends.get(place)?.share ?? 0) + probability / trace.parts.length
    const local = first.fate.kind === 'local' ? node : null
    ends.set(place, {
      place,
      pod: pod === undefined ? null : objectName(pod),
      node: pod?.spec?.nodeName ?? local,
      share,
    })
  }
  const [likeliest] = journeys.toSorted((one, other) => other.probability - one.probability)
  return {
    rules: likeliest?.first.steps ?? [],
    ends: [...ends.values()].sort((one, other) => (one.place < other.place ? -1 : 1)),
  }
}

/** The ready endpoints of the Service, where nothing is known of the rules. */
function listedEnds(evidence: Evidence, question: Question): readonly End[] {
  return (known(endpointsOf(evidence, question)) ?? [])
    .filter(({ ready }) => ready)
    .map(({ address, port, pod, node }) => ({ place: addressAndPort(address, port), pod, node, share: null }))
}
