import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { addressesOfPod, podsOn } from '../../evidence/kubernetes/pods.ts'
import { objectName, type Pod } from '../../evidence/kubernetes/kinds.ts'
import { endpointsOf, podsOf } from '../../lb/endpoints.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import type { Remedy } from '../../net/remedy.ts'
import { sh } from '../../net/shell.ts'
import { nodeState, type NodeState } from '../../node/node-state.ts'
import { citeDecision, routeText } from '../../node/route-words.ts'
import { leadsNowhere, lookUpRoute, type RouteDecision } from '../../node/trace/route.ts'
import { addressOfNode, deviceTo } from '../../node/vip-trace.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'endpoint/host-to-pod',
  title: 'The node’s own packets for its pods reach them',
  needs: ['kubernetes/endpointslices', 'kubernetes/pods', 'node/ip-route'],
  alsoReads: [...traceReads, 'kubernetes/nodes'],
  about: ['service'],
  each: 'endpoint',
  blocks: true,
  run,
  docs: {
    means:
      'The kubelet probes the pods of its node from an address of the node. A routing rule from that address that leads to a table of its own (nm-cloud-setup writes 30400, ec2-net-utils 10001 and up) knows no pods: the probe leaves by the default route, the pod is never ready, and the Service has no endpoint. Packets of other hosts for the pod do not meet the rule.',
    byHand:
      'On the node: ip route get POD-ADDRESS from NODE-ADDRESS names the device by which the probe leaves; ip rule lists the rule, curl --interface NODE-ADDRESS http://POD-ADDRESS:PORT/ shows it.',
    mend: 'Stop what writes the rule (nm-cloud-setup.service and nm-cloud-setup.timer on RHEL and its kin), delete the rule or reboot.',
    sources: [
      'Linux include/net/route.h (ip_route_connect: the route is looked up again with the source that was chosen)',
      'rancher/rke2 issue 1053',
      'RKE2 documentation, "Known Issues and Limitations" (NetworkManager)',
      'NetworkManager documentation, nm-cloud-setup(8)',
    ],
  },
})

/** How a node's own packets for one of its pods leave, where a rule takes them away from the pod. */
interface Diverted {
  readonly pod: Pod
  readonly address: Address
  readonly source: Address
  readonly right: RouteDecision
  readonly wrong: RouteDecision
}

function run({ evidence, question, node }: ServiceNodeContext): readonly Draft[] {
  const subject = `node/${node}`
  const { family } = question.vip
  const state = nodeState(evidence, node, family)
  const pods = podsOf(evidence, question.service)
  const doubt = said('routes to the pods not known', `It is not known whether ${node} reaches its own pods.`)
  if (isGap(state) || isGap(pods)) return [unknown('not-read', subject, doubt, [state, pods].filter(isGap))]
  const own = podsOn(evidence, node).filter((pod) => pods.includes(pod) && pod.spec?.hostNetwork !== true)
  const asked = own.flatMap((pod) =>
    addressesOfPod(pod).flatMap((address) => (address.family === family ? [{ pod, address }] : [])),
  )
  if (asked.length === 0)
    return [
      skipped(
        'no-pod-here',
        subject,
        said('no pod of its own network here', `No pod of the Service on ${node} has a network of its own.`),
      ),
    ]
  const [diverted] = asked.flatMap((one) => divertedOn(evidence, state, one) ?? [])
  if (diverted === undefined)
    return [
      pass(
        'reaches',
        subject,
        said('the node reaches its own pods', `What ${node} itself sends to its pods of the Service leads to them.`),
        [],
      ),
    ]
  return [finding({ evidence, question, node }, state, diverted)]
}

/**
 * What a process of the node meets that binds to no address: the first look-up chooses the source, the second is done with it. Null where
 * both lead where other hosts' packets for the pod are led, or where these do not reach it either.
 */
function divertedOn(
  evidence: Evidence,
  state: NodeState,
  { pod, address }: Pick<Diverted, 'pod' | 'address'>,
): Diverted | null {
  const unbound = parseAddress(address.family === 4 ? '0.0.0.0' : '::') ?? address
  const flow = { source: unbound, destination: address, mark: 0, inDevice: null }
  const right = lookUpRoute(state, { ...flow, inDevice: deviceTo(state, unbound) ?? 'any' })
  if (right?.type !== 'unicast' || right.device === null || right.gateway !== null) return null
  const first = lookUpRoute(state, flow)
  const source = first === null ? null : sourceOn(evidence, state, first, address)
  const second = source === null ? null : lookUpRoute(state, { ...flow, source })
  const wrong = [first, second].find((one) => one !== null && one.device !== right.device) ?? null
  return wrong === null || source === null ? null : { pod, address, source, right, wrong }
}

/** The source that the kernel chooses: the route's own, the device's first address, else the node's (net/ipv4/devinet.c, inet_select_addr). */
function sourceOn(
  evidence: Evidence,
  { node, addresses }: NodeState,
  { route, device }: RouteDecision,
  { family }: Address,
): Address | null {
  const held = addresses
    .filter(({ ifname }) => ifname === device)
    .flatMap(({ addr_info }) => addr_info ?? [])
    .flatMap(({ local, scope }) => (scope === 'global' ? (parseAddress(local) ?? []) : []))
  return (
    parseAddress(route.prefsrc) ?? held.find((one) => one.family === family) ?? addressOfNode(evidence, node, family)
  )
}

function finding(
  { evidence, question, node }: Pick<ServiceNodeContext, 'evidence' | 'question' | 'node'>,
  state: NodeState,
  { pod, address, source, right, wrong }: Diverted,
): Draft {
  const ready = (known(endpointsOf(evidence, question)) ?? []).some(
    (endpoint) => endpoint.ready && parseAddress(endpoint.address)?.text === address.text,
  )
  const subject = `node/${node}`
  const where = leadsNowhere(wrong) ? 'they are dropped' : `they leave by ${wrong.device ?? ''}`
  const says = `What ${node} itself sends to ${objectName(pod)} (${address.text}) from ${source.text} meets ${routeText(wrong)} instead of ${right.device ?? ''}: ${where}`
  const brief = 'the node does not reach its own pods'
  const proof = [...citeDecision(state, wrong), ...citeDecision(state, right)]
  const fix = remedy(node, address, source, wrong)
  return ready
    ? warn('diverted', subject, said(brief, `${says}; the pod is ready without it.`), proof, { fix, blocks: false })
    : fail('diverted', subject, said(brief, `${says}. Its probes fail, and the pod is not ready.`), proof, fix)
}

/** nm-cloud-setup's rules have priorities from 30200 to 30499 (NetworkManager src/nm-cloud-setup/main.c). */
const isCloudSetup = ({ priority = 0 }: RouteDecision['rule']): boolean => priority >= 30200 && priority < 30500

function remedy(node: string, address: Address, source: Address, { rule }: RouteDecision): Remedy {
  const remove = sh`ssh ${node} sudo ip rule del priority ${rule.priority ?? 0}`
  return {
    look: [sh`ssh ${node} ip route get ${address.text} from ${source.text}`],
    summary: `take the rule off ${node}`,
    commands: isCloudSetup(rule)
      ? [sh`ssh ${node} sudo systemctl disable --now nm-cloud-setup.timer nm-cloud-setup.service`, remove]
      : [remove],
    changes: isCloudSetup(rule)
      ? `NetworkManager no longer configures secondary addresses of the cloud on ${node}.`
      : `Until what wrote it writes it again, packets from ${source.text} leave by the main table.`,
    ...(isCloudSetup(rule)
      ? {}
      : {
          advice:
            'Find what writes the rule (amazon-ec2-net-utils, netplan, a dispatcher script), or give its table the routes to the pods.',
        }),
  }
}
