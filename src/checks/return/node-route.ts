import type { Evidence } from '../../evidence/evidence.ts'
import type { Remedy } from '../../net/remedy.ts'
import { sh } from '../../net/shell.ts'
import { leadsInside } from '../../node/devices.ts'
import { citeDecision, routeText } from '../../node/route-words.ts'
import { leadsNowhere, lookUpRoute, type RouteDecision } from '../../node/trace/route.ts'
import { nodeOfPod } from '../../node/node-of-pod.ts'
import { lostOnWayBack, stretchesBack, type LostOut, type Stretch } from '../../journey/way-back.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { deadRouteRemoval } from '../about/dead-route.ts'
import { traceReads } from '../about/reads.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'

export default defineCheck({
  id: 'return/node-route',
  after: 'return/masquerade-missing',
  title: 'The nodes’ own routes lead answers back towards the client',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads, 'kubernetes/pods', 'kubernetes/nodes'],
  about: ['service', 'control-plane'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const share = shareLost(context, (journey) =>
      lostOnWayBack(
        stretchesBack(evidence, question, node, journey),
        node,
        ({ route }, stretch) => route === null || leadsNowhere(route) || swallows(evidence, stretch, route),
      ),
    )
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: ({ way }) => (way.route === null ? 'no-route' : leadsNowhere(way.route) ? 'route-dead' : 'leads-inside'),
      brief: ({ way }) =>
        way.route === null
          ? 'no route back to the client'
          : leadsNowhere(way.route)
            ? 'a dead route swallows the answers'
            : 'a bridge’s route swallows the answers',
      says: sentence,
      fix: fixOf,
    })
    if (wrong === null || share.example === null)
      return [
        pass(
          'leads-back',
          `node/${node}`,
          said(
            'the node’s routes lead back to the client',
            `The routes that answers meet on ${node} lead towards the client.`,
          ),
          [],
        ),
      ]
    const { stretch, way } = share.example
    return [{ ...wrong, proof: way.route === null ? wrong.proof : citeDecision(stretch.state, way.route) }]
  },
  docs: {
    means:
      'What a pod answers is routed by its own node and by the node that translated, each by its own rules and tables, and before the pod’s address is turned back into the VIP. Where these lead nowhere (no route, blackhole, unreachable, prohibit) or into a bridge of the node (a range of Docker or libvirt that covers the client), the answer never leaves. Clients elsewhere are served, and the client that is not waits until its timeout.',
    byHand:
      'On the node: ip route get CLIENT from POD-ADDRESS iif DEVICE, with the device that leads to the pod. ip rule from the VIP meets no answer of a pod: at that point its source is the pod’s address.',
    mend: 'Take away the rule or the route, or give the bridge another range (Docker: bip and default-address-pools in daemon.json).',
    sources: [
      'Linux net/netfilter/nf_nat_core.c (nf_nat_packet), net/ipv4/fib_rules.c',
      'ip-rule(8); ip-route(8), "TYPES"',
      'Docker documentation, "Bridge network driver", "daemon.json" (default-address-pools)',
      'aws/amazon-vpc-cni-k8s issue 231',
    ],
  },
})

/** Whether a route leads into the node itself, to an address that came from elsewhere and is not on it. */
function swallows(evidence: Evidence, { state, outcome }: Stretch, { device, gateway, type }: RouteDecision): boolean {
  if (type !== 'unicast' || device === null || gateway !== null || !leadsInside(state, device)) return false
  const home = nodeOfPod(evidence, outcome.packet.source)
  return home === null ? device !== outcome.packet.inDevice : home !== state.node
}

function sentence({ stretch: { state, last }, way }: LostOut): string {
  const { node } = state
  const { route, flow } = way
  const whom = last ? `the client ${flow.destination.text}` : `the node that asked for it (${flow.destination.text})`
  if (route === null) return `${node} has no route to ${whom}: the answers of ${flow.source.text} are dropped there.`
  const text = routeText(route)
  if (leadsNowhere(route))
    return `On ${node} the answers of ${flow.source.text} to ${whom} meet the route ${text}: they are dropped.`
  return `On ${node} the route ${text} covers ${whom}: the answers of ${flow.source.text} go into ${route.device ?? ''}, behind which there is nothing but what runs on ${node}.`
}

function fixOf({ stretch: { state }, way: { route, flow } }: LostOut): Remedy {
  const { node } = state
  const { source, destination, inDevice } = flow
  const by = inDevice === null ? [] : ['iif', inDevice]
  const look = [sh`ssh ${node} ip route get ${destination.text} from ${source.text} ${by}`]
  if (route === null) return { look, advice: `Give ${node} a route to the client’s network, or a default route.` }
  const table = String(route.rule.table ?? 'main')
  if (leadsNowhere(route)) return { look, ...deadRouteRemoval(node, route) }
  const without = lookUpRoute({ ...state, routes: state.routes.filter(({ dev }) => dev !== route.device) }, flow)
  if (without === null || leadsNowhere(without) || without.device === null) return { look, advice: moveBridge(route) }
  const words = [
    destination.text,
    ...(without.gateway === null ? [] : ['via', without.gateway.text]),
    ...['dev', without.device],
    ...(table === 'main' ? [] : ['table', table]),
  ]
  return {
    summary: `give ${node} a route to the client`,
    look,
    commands: [sh`ssh ${node} sudo ip route replace ${words}`],
    changes: `Until the next boot what ${node} sends to ${destination.text} leaves by ${without.device}. Other hosts in the range of ${route.device ?? ''} still get no answers.`,
    advice: moveBridge(route),
  }
}

const moveBridge = ({ device, route }: RouteDecision): string =>
  `Give ${device ?? 'the bridge'} a range that no network of the clients overlaps with (now ${route.dst ?? ''}; Docker: bip and default-address-pools in /etc/docker/daemon.json).`
