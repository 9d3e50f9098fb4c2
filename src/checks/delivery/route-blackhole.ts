import { cite, type Proof } from '../../evidence/cite.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { nodeOfInterface } from '../../fabric/ec2/node-interfaces.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import {
  leadsToInterface,
  overlayRoutes,
  routeFix,
  routeTargetFor,
  type SubnetRoute,
} from '../../fabric/ec2/overlay.ts'
import { citeRoute, destinationText, interfaceOf, targetOf } from '../../fabric/ec2/routes.ts'
import { interfaceText, targetText } from '../../fabric/ec2/words.ts'
import { defineCheck, type Context, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/route-blackhole',
  after: 'delivery/vip-not-owned',
  title: 'The route to a VIP outside the VPC leads to a running node of the cluster',
  needs: ['aws/route-tables', 'aws/vpcs', 'aws/subnets', 'aws/network-interfaces'],
  alsoReads: ['aws/instances', 'kubernetes/nodes', 'node/ip-link'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || !where.insideVpc
      ? true
      : `${where.vip.text} lies inside the ranges of ${where.vpcId}: there its owner decides, not a route.`
  },
  blocks: true,
  consequenceOf: ['delivery/overlay-no-route'],
  run,
  docs: {
    means:
      'A route keeps its target when the instance behind it stops, is terminated, or loses the interface: the table then shows the state blackhole, and packets vanish. A route to a machine that is no node of the cluster is as good as none. No health is checked on the way: something must replace the route when a node fails.',
    byHand: 'aws ec2 describe-route-tables --filters Name=route.state,Values=blackhole lists such routes.',
    mend: 'Replace the route by one to the interface of a running node with its source/destination check off.',
    sources: ['Amazon EC2 API reference, Route (State)', 'Reachability Analyzer explanation codes, BAD_STATE_ROUTE'],
  },
})

function run({ evidence, question, receiving }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  if (isGap(where))
    return [
      unknown(
        'vpc-not-known',
        subject,
        said('its VPC is not known', 'It is not known in which VPC the VIP is asked for.'),
        [where],
      ),
    ]
  const routes = overlayRoutes(evidence, question, where)
  if (isGap(routes))
    return [
      unknown(
        'routes-not-read',
        subject,
        said('its routes are not known', `It is not known which routes lead to ${where.vip.text}.`),
        [routes],
      ),
    ]
  const named = routes.client.filter(leadsToInterface)
  if (named.length === 0) return [skipped('no-route', subject, `No route leads to ${where.vip.text}.`)]
  const judged = named.map((route) => ({ route, why: whyBroken(evidence, where.vpcId, route) }))
  const broken = judged.flatMap(({ route, why }) => (why === null || isGap(why) ? [] : [{ route, ...why }]))
  const doubts = judged.flatMap(({ why }) => (isGap(why) ? [why] : []))
  const [first] = broken
  if (first === undefined && doubts.length > 0)
    return [
      unknown(
        'target-not-known',
        subject,
        said(
          'whether its route leads to a node is not known',
          `It is not known whether the route to ${where.vip.text} leads to a node.`,
        ),
        doubts.slice(0, 2),
      ),
    ]
  if (first === undefined) {
    const proof = named.flatMap(({ match }) => (match === null ? [] : [citeRoute(match)]))
    return [
      pass(
        'leads-to-node',
        subject,
        said('its route leads to a node', `The route to ${where.vip.text} leads to a node.`),
        proof,
      ),
    ]
  }
  const tables = broken.map(({ route }) => route.table)
  const target = routeTargetFor(evidence, question, where, receiving.nodes, tables)
  const fix = routeFix(evidence, 'replace-route', tables, where.vip, target)
  const partial = broken.length < routes.client.length
  return [
    fail(
      first.reason,
      subject,
      said(briefs[first.reason], first.says),
      broken.flatMap(({ proof }) => proof),
      fix,
      { awsCode: 'BAD_STATE_ROUTE', partial },
    ),
  ]
}

const briefs = {
  blackhole: 'its route is a blackhole',
  'target-not-in-vpc': 'its route leads out of the VPC',
  'leads-to-stranger': 'its route leads to a machine that is no node',
  'instance-not-running': 'its route leads to a node that does not run',
}

function whyBroken(
  evidence: Context['evidence'],
  vpcId: string,
  { match, table }: SubnetRoute,
): Known<{ readonly reason: keyof typeof briefs; readonly says: string; readonly proof: readonly Proof[] } | null> {
  if (match === null) return null
  const name = `Route ${destinationText(match.route)} of ${table.RouteTableId ?? ''}`
  const proof = [citeRoute(match)]
  if (match.route.State === 'blackhole')
    return {
      reason: 'blackhole',
      says: `${name} is a blackhole: its target, ${targetText(targetOf(match.route))}, is not available.`,
      proof,
    }
  const eni = interfaceOf(evidence, vpcId, match.route)
  if (isGap(eni)) return eni
  if (eni === null)
    return {
      reason: 'target-not-in-vpc',
      says: `${name} leads to ${targetText(targetOf(match.route))}, which is not in the VPC.`,
      proof,
    }
  const node = nodeOfInterface(evidence, eni)
  if (isGap(node)) return node
  if (node === null)
    return {
      reason: 'leads-to-stranger',
      says: `${name} leads to ${interfaceText(evidence, eni)}, which is no node of the cluster.`,
      proof: [...proof, cite(eni, 'Attachment')],
    }
  const instance = known(evidence.aws.instances)?.find(({ InstanceId }) => InstanceId === eni.Attachment?.InstanceId)
  const state = instance?.State?.Name
  if (instance === undefined || state === undefined || state === 'running') return null
  return {
    reason: 'instance-not-running',
    says: `${name} leads to ${node}, whose instance is ${state}.`,
    proof: [...proof, cite(instance, 'State')],
  }
}
