import { citeFile, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import type { Address } from '../../net/address.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'
import { together, type Remedy } from '../../net/remedy.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { networksOfNode } from '../../node/networks.ts'
import { nodeState } from '../../node/node-state.ts'
import { citeDecision } from '../../node/route-words.ts'
import { lookUpRoute } from '../../node/trace/route.ts'
import type { Packet } from '../../node/trace/types.ts'
import { nodeOfPod } from '../../node/node-of-pod.ts'
import { addressOfNode } from '../../node/vip-trace.ts'

/**
 * A route from a node to the pod range of the node that has a pod, through that node. Where the two are not on one link, or the range is
 * not known, it is left to the network's own design.
 */
function routeToPods(evidence: Evidence, node: string, pod: Address): Remedy {
  const home = nodeOfPod(evidence, pod)
  const { podCIDR, podCIDRs = [] } = (home === null ? null : nodesByName(evidence).get(home)?.spec) ?? {}
  const range = [podCIDR, ...podCIDRs].flatMap((text) => parseCidr(text) ?? []).find((one) => rangeHas(one, pod))
  const gateway = home === null ? null : addressOfNode(evidence, home, pod.family)
  const networks = known(networksOfNode(evidence, node))
  const onLink = networks === null || (gateway !== null && networks.some(({ cidr }) => rangeHas(cidr, gateway)))
  const look = [sh`ssh ${node} ip route get ${pod.text}`, sh`ssh ${node} ip route show table all`]
  if (home === null || home === node || range === undefined || gateway === null || !onLink)
    return {
      look,
      advice: `${node} needs a route to the pod range of every other node: through the node that has it, where both are on one link, else through a router that has such a route.`,
    }
  return {
    look,
    summary: `route the pods of ${home} to it`,
    commands: [sh`ssh ${node} sudo ip route replace ${range.text} via ${gateway.text}`],
    changes: `${node} sends what is for the pods of ${home} there until its next boot; put the route where it is kept.`,
  }
}

/** Such routes for each of several pods: their nodes may be many. */
export function routesToPods(
  evidence: Evidence,
  ways: readonly { readonly node: string; readonly pod: Address }[],
): Remedy {
  const remedy = together(ways.map(({ node, pod }) => routeToPods(evidence, node, pod)))
  const homes = [...new Set(ways.flatMap(({ pod }) => nodeOfPod(evidence, pod) ?? []))].sort()
  if (remedy.commands === undefined || homes.length < 2) return remedy
  return {
    ...remedy,
    summary: `route the pods of ${inWords(homes, 3)} to them`,
    changes: 'The routes are there until the next boot; put them where they are kept.',
  }
}

/** What a node's routing tables say about a packet: the route and the rule that decide, or that there is none. */
export function routeProof(evidence: Evidence, node: string, packet: Packet): readonly Proof[] {
  const { destination, routedMark } = packet
  const state = nodeState(evidence, node, destination.family)
  if (isGap(state)) return []
  const found = lookUpRoute(state, { ...packet, mark: routedMark })
  return found === null
    ? [citeFile(nodeFile(node, 'ipRoute'), `${String(state.routes.length)} routes, none to ${destination.text}`)]
    : citeDecision(state, found)
}
