import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { RouteTable } from '../../evidence/ec2/kinds.ts'
import { isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import { bitsOf, type Address } from '../../net/address.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'
import { internalAddresses } from '../../fabric/ec2/cluster-vpc.ts'
import {
  citeRoute,
  citeRoutes,
  destinationText,
  interfaceOf,
  routeFor,
  routeTableOf,
  targetOf,
} from '../../fabric/ec2/routes.ts'
import { idOf, interfaceText, listText, targetText } from '../../fabric/ec2/words.ts'
import { sh, word, type Command } from '../../net/shell.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft, type Remedy } from '../finding.ts'
import { legsTo, passesOn, type Leg } from '../../journey/legs.ts'

export default defineCheck({
  id: 'forwarding/pod-route',
  after: 'forwarding/pod-route-missing',
  title: 'The route tables of the VPC lead to the pods of the endpoints',
  needs: [
    'aws/route-tables',
    'aws/network-interfaces',
    'aws/subnets',
    'kubernetes/nodes',
    'kubernetes/endpointslices',
    'kubernetes/pods',
  ],
  alsoReads: [
    'aws/vpcs',
    'node/ip-route',
    'node/ip-link',
    'kubernetes/configmaps',
    'kubernetes/calicoippools',
    'kubernetes/felixconfigurations',
  ],
  each: 'endpoint',
  on: ['ec2'],
  about: ['service'],
  appliesTo: passesOn,
  blocks: true,
  run,
  docs: {
    means:
      "Where the nodes send packets for pods to the subnet's router, the route table of the sending node's subnet must lead each pod range to the interface of its node. A missing route sends them to the default route and out of the VPC, one to a replaced instance is a blackhole, and one to the wrong node loops or dies there. Routes live in one table: a second subnet, or one that uses the main table, lacks them. A blackhole that is exactly the range of a node's pods is warned of also where the nodes' own routes were not read.",
    byHand:
      "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=SUBNET; compare each node's podCIDR with the target of its route.",
    mend: 'Create or replace the route in the table of every subnet with nodes; or use a CNI plugin that encapsulates.',
    sources: [
      'Amazon VPC User Guide, "Route tables"',
      'Kubernetes the Hard Way, "Provisioning Pod Network Routes"',
      'Reachability Analyzer explanation codes, BAD_STATE_ROUTE and NO_ROUTE_TO_DESTINATION',
    ],
  },
})

interface Lost {
  readonly reason: 'no-route' | 'blackhole' | 'leads-elsewhere'
  readonly says: string
  readonly proof: readonly Proof[]
  readonly command: Command
  readonly leg: Leg
  /** Without the node's own routes it is not known whether the packet meets the VPC's table at all. */
  readonly doubt: Gap | null
  /** Whether it is a blackhole of exactly the range of the node's pods. */
  readonly isOwnRange: boolean
}

function run(context: ServiceNodeContext): readonly Draft[] {
  const { evidence, node } = context
  const subject = `node/${node}`
  const { legs, local, gaps } = legsTo(context)
  const doubt = said('routes to the pods are not known', `It is not known whether routes lead to the pods of ${node}.`)
  if (legs.length === 0) {
    if (gaps.length > 0) return [unknown('legs-not-known', subject, doubt, gaps)]
    return [
      local > 0
        ? pass(
            'local-only',
            subject,
            said('nothing is passed on', `${node} receives the packets itself: nothing is passed on.`),
            [],
          )
        : skipped('nothing-passed-on', subject, `Nothing is passed on to ${node}.`),
    ]
  }
  const judged = legs.flatMap((leg) => {
    if (leg.pod === null || leg.held || !byRouter(evidence, leg)) return []
    return [judge(context, leg, leg.pod)]
  })
  if (judged.length === 0)
    return [skipped('no-vpc-route-met', subject, `Packets for the pods of ${node} meet no route table of the VPC.`)]
  const wrong = judged.flatMap((one) => (one !== null && !isGap(one) ? [one] : []))
  const lost = wrong.filter((one) => one.doubt === null)
  const [first] = lost
  if (first !== undefined) {
    return [
      fail(first.reason, subject, said(briefs[first.reason], first.says), first.proof, fixOf(node, lost), {
        awsCode: first.reason === 'blackhole' ? 'BAD_STATE_ROUTE' : 'NO_ROUTE_TO_DESTINATION',
        partial: lost.length < legs.length || local > 0,
        ...(first.reason === 'no-route' ? { consequenceOf: ['forwarding/route-quota'] } : {}),
      }),
    ]
  }
  const doubtful = judged.flatMap((one) => (one === null ? [] : isGap(one) ? one : (one.doubt ?? [])))
  if (doubtful.length > 0)
    return [
      ...wrong
        .filter(({ isOwnRange }) => isOwnRange)
        .slice(0, 1)
        .map((one) => inDoubt(node, one)),
      unknown('route-not-known', subject, doubt, doubtful.slice(0, 2)),
    ]
  const tables = [...new Set(legs.flatMap(({ from }) => tableOf(evidence, from) ?? []))]
  const names = listText(tables.map(({ RouteTableId }) => RouteTableId ?? ''))
  return [
    pass(
      'leads-to-pods',
      subject,
      said(
        'the route tables lead to the pods',
        `${names} ${tables.length === 1 ? 'leads' : 'lead'} to the pods of ${node}.`,
      ),
      tables.slice(0, 2).map(citeRoutes),
    ),
  ]
}

const fixOf = (node: string, lost: readonly Lost[]): Remedy => ({
  summary: `route the pods of ${node} to it`,
  commands: lost.map(({ command }) => command),
  changes: `Every subnet of the table sends the pods of ${node} there; the route counts against the table's quota.`,
})

/** Nobody makes a route to a node's pods for nothing: one that leads nowhere is told, though it is not known that packets meet it. */
const inDoubt = (node: string, lost: Lost): Draft =>
  warn(
    'blackhole-in-doubt',
    `node/${node}`,
    said(briefs.blackhole, `${lost.says} Whether the packets for the VIP meet it is not known.`),
    lost.proof,
    { fix: fixOf(node, [lost]), awsCode: 'BAD_STATE_ROUTE' },
  )

const briefs: Readonly<Record<Lost['reason'], string>> = {
  'no-route': 'no route to the pods in the VPC',
  blackhole: 'the route to the pods is a blackhole',
  'leads-elsewhere': 'the route to the pods leads to another node',
}

/** Whether the receiving node leaves the way to the VPC: its own table names neither a tunnel nor the other node itself. Unknown counts as such: the VPC's table then decides only if it is right. */
function byRouter(evidence: Evidence, { way, wire }: Leg): boolean {
  if (isGap(way)) return isGap(wire) || wire.by === 'itself'
  if (way.by !== 'gateway') return false
  const nodes = known(evidence.kubernetes.nodes) ?? []
  return !nodes.some((node) => internalAddresses(node).some(({ text }) => text === way.gateway))
}

const tableOf = (evidence: Evidence, { VpcId, SubnetId }: Leg['from']): RouteTable | null =>
  known(routeTableOf(evidence, VpcId ?? '', SubnetId ?? ''))

/** Null where the route is right. */
function judge({ evidence, node }: ServiceNodeContext, leg: Leg, pod: Address): Known<Lost> | null {
  const { from, to, way } = leg
  const vpcId = from.VpcId ?? ''
  const table = routeTableOf(evidence, vpcId, from.SubnetId ?? '')
  if (isGap(table)) return table
  const match = routeFor(evidence, table, pod)
  if (isGap(match)) return match
  const named = match !== null && match.prefix.prefix > 0 ? match : null
  const target = named === null ? null : interfaceOf(evidence, vpcId, named.route)
  if (isGap(target)) return target
  const active = named !== null && named.route.State !== 'blackhole'
  if (active && target !== null && target.Attachment?.InstanceId === to.Attachment?.InstanceId) return null
  const doubt = isGap(way) ? way : null
  const id = table.RouteTableId ?? ''
  const range = podRange(evidence, node, pod)
  const verb = named !== null && destinationText(named.route) === range ? 'replace-route' : 'create-route'
  const option = pod.family === 4 ? '--destination-cidr-block' : '--destination-ipv6-cidr-block'
  const command = sh`aws ec2 ${verb} --route-table-id ${id} ${word(option)} ${range} --network-interface-id ${to.NetworkInterfaceId}`
  if (named === null) {
    const falls = match === null ? '' : `; it falls to the default route, to ${targetText(targetOf(match.route))}`
    return {
      leg,
      doubt,
      isOwnRange: false,
      command,
      proof: [citeRoutes(table)],
      reason: 'no-route',
      says: `${id} has no route to ${pod.text}, a pod on ${node}${falls}: what ${leg.receiving} passes on to it is lost.`,
    }
  }
  const name = `Route ${destinationText(named.route)} of ${id}`
  if (!active)
    return {
      leg,
      doubt,
      isOwnRange: destinationText(named.route) === range && range.split('/')[1] !== String(bitsOf(pod.family)),
      command,
      proof: [citeRoute(named)],
      reason: 'blackhole',
      says: `${name}, to the pods of ${node}, is a blackhole: its target, ${targetText(targetOf(named.route))}, is not available.`,
    }
  const where = target === null ? targetText(targetOf(named.route)) : interfaceText(evidence, target)
  return {
    leg,
    doubt,
    isOwnRange: false,
    command,
    proof: [citeRoute(named), cite(to, 'NetworkInterfaceId')],
    reason: 'leads-elsewhere',
    says: `${name} leads to ${where}, but the pod ${pod.text} is on ${node} (${idOf(to)}).`,
  }
}

/** The pod range of the node that holds a pod, or the pod alone where the node names none. */
function podRange(evidence: Evidence, name: string, pod: Address): string {
  const node = nodesByName(evidence).get(name)
  const texts = [node?.spec?.podCIDR, ...(node?.spec?.podCIDRs ?? [])]
  const ranges = texts.flatMap((text) => parseCidr(text) ?? [])
  return ranges.find((range) => rangeHas(range, pod))?.text ?? `${pod.text}/${String(bitsOf(pod.family))}`
}
