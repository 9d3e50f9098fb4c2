import type { Loss } from '../../journey/lost-answer.ts'
import { autopsy } from '../../node/death.ts'
import { astray, stranger, type Astray } from '../../node/next-hop.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { pass, said, unknown, type Draft, type Remedy } from '../finding.ts'
import { routeProof, routesToPods } from '../about/route-to-pods.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'

export default defineCheck({
  id: 'forwarding/pod-next-hop',
  title: 'The node sends packets for each endpoint to the node that has it',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads, 'kubernetes/nodes', 'kubernetes/pods'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const routed = !hangsOnAnnouncement(question)
    const share = shareLost(context, (journey) => {
      if (autopsy(journey) !== null || astray(evidence, node, journey, routed) === null) return null
      return { death: null, node: null, outcome: journey.first, step: null }
    })
    if (isDraft(share)) return [share]
    const example = share.example === null ? null : { first: share.example.outcome, second: null, probability: 1 }
    const lost = example === null ? null : astray(evidence, node, example, routed)
    if (lost === null || share.example === null)
      return [
        openWay(context) ??
          pass(
            'not-astray',
            `node/${node}`,
            said(
              'routes lead to the endpoints’ nodes',
              `The routes of ${node} do not lead packets for endpoints away from their nodes.`,
            ),
            [],
          ),
      ]
    const wrong = deadly(context, share, {
      reason: `to-${lost.to}`,
      brief: briefs[lost.to],
      says: () => sentence(node, lost),
      fix: (_, { losses }) => fixOf(context, lost, losses),
    })
    const route = routeProof(evidence, node, share.example.outcome.packet)
    return wrong === null ? [] : [{ ...wrong, proof: [...route, ...wrong.proof] }]
  },
  docs: {
    means:
      'Where pods are reached by routes between nodes (the hard way’s ip route add, flannel host-gw, Calico without encapsulation), each node needs a route to the pod range of every other one, through that node. Where it is missing, as after a reboot, packets for the pods leave by the default gateway, which knows nothing of them; where it names another node, or the range is the node’s own bridge, they are lost there. On EC2 the route table of the VPC judges what goes to the router (forwarding/pod-route).',
    byHand: 'On the receiving node: ip route get POD-ADDRESS; compare “via” with the address of the pod’s node.',
    mend: 'Add or replace the route, and put it where a reboot keeps it (netplan, systemd-networkd, the CNI’s agent).',
    sources: [
      'Kubernetes the Hard Way, "Provisioning Pod Network Routes"',
      'Kubernetes documentation, "Cluster Networking"',
      'ip-route(8)',
    ],
  },
})

/** Packets for an endpoint that a host gets which is no node: it may be a router that knows the pods, or not. Null where none does. */
function openWay(context: ServiceNodeContext): Draft | null {
  const { evidence, question, node } = context
  if (!hangsOnAnnouncement(question)) return null
  const share = shareLost(context, (journey) =>
    stranger(evidence, node, journey) === null ? null : { death: null, node: null, outcome: journey.first, step: null },
  )
  if (isDraft(share) || share.example === null) return null
  const { outcome } = share.example
  const to = stranger(evidence, node, { first: outcome, second: null, probability: 1 })
  if (to === null) return null
  return unknown(
    'to-stranger',
    `node/${node}`,
    said(
      'sends it to a host that is no node',
      `${node} sends packets for ${to.pod.text}, a pod on ${to.home}, to ${to.name}, which is no node and not its default gateway; whether that one passes them on is in no evidence.`,
    ),
    [],
    routeProof(evidence, node, outcome.packet),
  )
}

/** Where the packet goes astray, in brief. */
const briefs = {
  bridge: 'takes a far pod for one of its own',
  node: 'sends it to a node without the pod',
  gateway: 'sends it to the default gateway',
  stranger: 'sends it to a host that is no node',
} as const

function sentence(node: string, { pod, home, to, name, peer }: Astray): string {
  const what = `${node} has no route to ${pod.text}, a pod on ${home}`
  switch (to) {
    case 'bridge':
      return `${node} takes ${pod.text}, a pod on ${home}, for one of its own: its route leads to the bridge ${name}.`
    case 'node':
      return `${node} sends packets for ${pod.text} to ${name}, but the pod is on ${home}, and ${name} does not pass them on to it.`
    case 'stranger':
      return `${node} sends packets for ${pod.text}, a pod on ${home}, to ${name}, which is no node${peer === null ? '' : `, while ${peer} sends them to ${home} itself`}.`
    case 'gateway':
      return `${what}: it sends the packet to its default gateway ${name}${peer === null ? '' : `, while ${peer} sends it to ${home} itself`}.`
  }
}

function fixOf({ evidence, node }: ServiceNodeContext, { to, name }: Astray, losses: readonly Loss[]): Remedy {
  if (to === 'bridge')
    return {
      look: [sh`ssh ${node} ip route show dev ${name}`, sh`ssh ${node} "sudo cat /etc/cni/net.d/*.conf"`],
      advice: `Two nodes must not give addresses from one range: write the podCIDR of ${node} into its CNI configuration.`,
    }
  return routesToPods(
    evidence,
    losses.map(({ outcome }) => ({ node, pod: outcome.packet.destination })),
  )
}
