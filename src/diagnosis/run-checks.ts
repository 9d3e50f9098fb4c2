import { objectName } from '../evidence/kubernetes/kinds.ts'
import type { Check, Context, NodeContext } from '../checks/check.ts'
import { longestBrief, said, skipped, unknown, type Draft, type Finding } from '../checks/finding.ts'
import type { Hop } from '../checks/hop.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gapsAmong, isGap, type Gap } from '../evidence/gap.ts'
import { isNodeKind, lookUp } from '../evidence/kinds.ts'
import { everyNodeName, nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { perEvidenceAnd, perEvidenceBy, perEvidenceOf } from '../evidence/memo.ts'
import { type About, isAtNodePort, type Question, serviceOf } from '../evidence/question.ts'
import { fabricOf } from '../fabric/index.ts'
import { announcerNamed, servedBy, type AnnouncerName } from '../lb/announcers.ts'
import { nodesBehind } from '../lb/endpoints.ts'
import { kubeOvnName } from '../lb/kube-ovn/vips.ts'
import { inWords, startOf } from '../net/words.ts'

/**
 * One finding as a check gave it, with what the diagnosis needs to weigh it. `node` is the node that the run was about, null for a check
 * that runs once. `met` is false for a node that this packet does not meet.
 */
export interface Result {
  readonly check: Check
  readonly draft: Draft
  readonly finding: Finding
  readonly node: string | null
  readonly met: boolean
}

/** Runs every check on one question. A gap in what a check needs makes it `unknown` without running it. */
export function runChecks(checks: readonly Check[], context: Context): Result[] {
  const { evidence, question } = context
  const nodes = nodesOf(context)
  const subject = subjectOf(question)
  // Of ten thousand VIPs these are a million turns: one list is filled, and none is made of lists.
  const results: Result[] = []
  for (const check of checks) {
    const why = whySkipped(check, context)
    if (why !== null) {
      results.push(result(check, skipped(why.reason, subject, why.says), null))
      continue
    }
    const { gaps, says } = wantsOf(evidence, check)
    if (gaps.length > 0) results.push(result(check, unknown('evidence-missing', subject, says, gaps), null))
    else if (check.each === undefined) results.push(...onceAsked(evidence, check, context))
    else results.push(...runOnNodes(check, context, nodes))
  }
  return results
}

type OnceCheck = Extract<Check, { readonly each?: undefined }>

/** What a check says that runs once; of one that is about the cluster alone, the same for every question. */
function onceAsked(evidence: Evidence, check: OnceCheck, context: Context): readonly Result[] {
  return check.ofCluster === true ? ofCluster(evidence, check, context) : runOnce(check, context)
}

const runOnce = (check: OnceCheck, context: Context): readonly Result[] =>
  check.run(context).map((draft) => result(check, draft, null))

const ofCluster = perEvidenceBy(
  ({ id }: OnceCheck, { question }: Context) => `${id} ${question.fabric} ${question.vpcId ?? ''}`,
  (_, check, context) => runOnce(check, context),
)

/** The same for a check that is run for a node: of one that is about the node alone, the same for every question. */
function onNode(evidence: Evidence, check: NodeCheck, context: NodeContext): readonly Result[] {
  return check.ofCluster === true ? ofNode(evidence, check, context) : runOnNode(check, context)
}

const runOnNode = (check: NodeCheck, context: NodeContext): readonly Result[] =>
  check.run(context).map((draft) => result(check, draft, context.node))

const ofNode = perEvidenceBy(
  ({ id }: NodeCheck, { question, node }: NodeContext) => `${id} ${question.fabric} ${question.vpcId ?? ''} ${node}`,
  (_, check, context) => runOnNode(check, context),
)

interface Nodes {
  readonly receiving: readonly string[]
  readonly endpoint: readonly string[]
}

type NodeCheck = Extract<Check, { readonly each: string }>

function runOnNodes(check: NodeCheck, context: Context, nodes: Nodes): Result[] {
  const met =
    check.each === 'node' ? (behindTranslation.has(hopOf(check)) ? nodes.endpoint : nodes.receiving) : nodes[check.each]
  const { lackingOn } = wantsOf(context.evidence, check)
  const results = met.flatMap((node) => lackingOn(node) ?? onNode(context.evidence, check, { ...context, node }))
  if (met.length === 0) results.push(result(check, nowhere(check, context), null))
  if (check.each !== 'node') return results
  const wrong = [...failuresOf(context.evidence, check, context)].filter(([node]) => !met.includes(node))
  return [
    ...results,
    ...wrong.flatMap(([node, drafts]) => drafts.map((draft) => ({ ...result(check, draft, node), met: false }))),
  ]
}

/** What a check of nodes says where there is no node to look at. */
function nowhere(check: NodeCheck, { question }: Context): Draft {
  const subject = subjectOf(question)
  return check.each === 'endpoint' || behindTranslation.has(hopOf(check))
    ? skipped('no-endpoint-node', subject, 'No node has an endpoint of the Service.')
    : unknown(
        'receiving-node-not-known',
        subject,
        said('the receiving node is not known', 'It is not known which node receives the packet.'),
        [],
      )
}

/** Behind the translation the packet meets the nodes of the endpoints; before it, those that receive it. */
const behindTranslation = new Set<Hop>(['forwarding', 'endpoint'])
const hopOf = ({ id }: Check): Hop => id.slice(0, id.indexOf('/')) as Hop

/** What a check needs and the evidence does not have, in the cluster and of each node, and what it says then: the same for every question. */
const wantsOf = perEvidenceAnd((evidence: Evidence, check: Check) => {
  const ofNode = check.needs.filter(isNodeKind)
  const gaps = gapsAmong(...check.needs.filter((kind) => !isNodeKind(kind)).map((kind) => lookUp(evidence, kind, null)))
  const gapsOf = (node: string) => gapsAmong(...ofNode.map((kind) => lookUp(evidence, kind, node)))
  const byNode = new Map<string, readonly Result[] | null>()
  /** Null where the node has it all. */
  const lackingOn = (node: string): readonly Result[] | null => {
    const known = byNode.get(node)
    if (known !== undefined) return known
    const lacking = gapsOf(node)
    const said = () => unknown('evidence-missing', `node/${node}`, notKnown(check, lacking), lacking)
    const results = lacking.length === 0 ? null : [result(check, said(), node)]
    byNode.set(node, results)
    return results
  }
  /** The same for many nodes of which nothing is said. */
  const hasAll = (node: string): boolean => ofNode.every((kind) => !isGap(lookUp(evidence, kind, node)))
  return { gaps, says: notKnown(check, gaps), lackingOn, hasAll }
})

/**
 * On which nodes of the cluster a check of each node fails. For a node that the packet does not meet the answer is the same for every
 * question, so it is found once per evidence: 10,000 Services do not mean 10,000 looks at 1,000 nodes.
 */
const failuresOf = perEvidenceBy(
  (check: NodeCheck, { question }: Context) => `${check.id} ${question.fabric}`,
  (evidence, check, context): ReadonlyMap<string, readonly Draft[]> => {
    const { hasAll } = wantsOf(evidence, check)
    const seen = everyNodeName(evidence).filter(hasAll)
    return new Map(seen.flatMap((node) => failing(node, check.run({ ...context, node }))))
  },
)

function failing(node: string, drafts: readonly Draft[]): [string, readonly Draft[]][] {
  const failed = drafts.filter(({ status }) => status === 'fail')
  return failed.length === 0 ? [] : [[node, failed]]
}

function nodesOf({ evidence, question, receiving }: Context): Nodes {
  return {
    receiving: receiving.nodes,
    endpoint: question.about === 'service' ? nodesBehind(evidence, question) : receiving.nodes,
  }
}

/** What a check is about that says nothing of it. */
const receivedByNodes: readonly About[] = ['service', 'control-plane', 'address']

/** What a question is about, said to a check that is about something else. */
const otherwise: Readonly<Record<About, Skip>> = {
  service: {
    reason: 'of-a-service',
    says: 'The VIP is a Service’s: the nodes translate it, and OVN does not carry it.',
  },
  'control-plane': {
    reason: 'of-the-control-plane',
    says: 'The VIP is the control plane’s: it has no Service, and the node that receives the packet answers itself.',
  },
  'kube-ovn': { reason: 'carried-by-ovn', says: 'OVN itself carries this VIP.' },
  address: { reason: 'of-no-object', says: 'No Service and nothing else that was read names this address.' },
}

interface Skip {
  readonly reason: string
  readonly says: string
}

/** Why a check is not run on a question; null where it is. */
export function whySkipped(check: Check, context: Context): Skip | null {
  const { question, receiving } = context
  const hop = hopOf(check)
  if (question.vip === null && hop !== 'assignment' && hop !== 'control')
    return { reason: 'no-vip-yet', says: 'The Service has no VIP yet.' }
  if (receiving.by === 'client' && outside.has(hop)) {
    return {
      reason: 'starts-on-node',
      says: `The packet starts on ${receiving.nodes.join()}, whose own rules translate it; it never crosses the network to the VIP.`,
    }
  }
  if (isAtNodePort(question) && (ofVip.has(hop) || (ofAnnouncement.has(hop) && isOwnAddress(context)))) {
    return {
      reason: 'at-node-port',
      says: 'The client connects to a node at the NodePort: nobody gives a VIP for that, and nobody announces one.',
    }
  }
  return whyNot(check, context)
}

/** Hops that are about how a VIP comes to be, and how the network learns of it. */
const ofVip = new Set(['assignment', 'control'])
const ofAnnouncement = new Set(['announcement', 'wire'])

const isOwnAddress = ({ evidence, question: { vip } }: Context): boolean =>
  vip !== null && nodeNamesByAddress(evidence).has(vip.text)

/** Why a check says nothing on this fabric, of this announcer, or to this question; null where it applies. */
function whyNot({ about, on, announcer, appliesTo }: Check, context: Context): Skip | null {
  if (!(about ?? receivedByNodes).includes(context.question.about)) return otherwise[context.question.about]
  const { name, delivery, words } = fabricOf(context.question)
  if (on !== undefined && !on.includes(name) && !on.includes(delivery))
    return { reason: 'other-fabric', says: words.elsewhere }
  const elsewhere = announcer === undefined ? null : notServed(context.evidence, context.question, announcer)
  if (elsewhere !== null) return { reason: 'other-announcer', says: elsewhere }
  const applies = appliesTo?.(context) ?? true
  return applies === true ? null : { reason: 'not-applicable', says: applies }
}

/** Why the question is none of an announcer's: another serves it, or it leaves it alone. Null where it is its own. */
function notServed(evidence: Evidence, question: Question, name: AnnouncerName): string | null {
  const answers = servedOrNot(evidence, question)
  const known = answers.get(name)
  if (known !== undefined) return known
  const own = servedBy(evidence, question)?.announcer.name ?? null
  const what = question.about === 'service' ? 'this Service' : 'this VIP'
  const refusal = own !== null && own !== name ? null : announcerNamed(name).refuses(evidence, question)
  const says =
    own === null
      ? (refusal ?? `${startOf(name)} does not serve ${what}.`)
      : own === name
        ? refusal
        : `${startOf(own)} serves ${what}.`
  answers.set(name, says)
  return says
}

/** The same for all checks of one announcer. */
const servedOrNot = perEvidenceOf<Question, Map<AnnouncerName, string | null>>(() => new Map())

const outside = new Set<Hop>(['announcement', 'delivery', 'admission'])

const notKnown = ({ title }: Check, gaps: readonly Gap[]) =>
  said(needing(gaps), `It is not known whether ${inSentence(title).replace(/\.$/, '')}.`)

/** What to read, in the room of a line: `needs AWS`, `needs controller-0`. */
function needing(gaps: readonly Gap[]): string {
  const places = new Set(gaps.map(({ source }) => placeOf(source)))
  const brief = `needs ${inWords([...places], 3)}`
  return brief.length > longestBrief ? 'needs what was not read' : brief
}

const roots: Readonly<Record<string, string>> = { aws: 'AWS', kubernetes: 'Kubernetes', captures: 'a capture' }

function placeOf(source: string): string {
  const [root = '', node = ''] = source.split('/')
  return root === 'nodes' ? node : (roots[root] ?? root)
}

/** A title as the rest of a sentence; a name keeps its capital: MetalLB, EC2, VIP. */
const inSentence = (title: string): string =>
  /^[A-Z][^A-Z\s]*(?:\s|$)/.test(title) && !ownName.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title
const ownName = /^(?:Services?|Kubernetes)\b/

/** What a finding is about where a check names nothing narrower. */
function subjectOf(question: Question): string {
  if (question.vip !== null) return `vip/${question.vip.text}`
  return question.about === 'kube-ovn'
    ? kubeOvnName(question.kubeOvn)
    : `service/${objectName(serviceOf(question) ?? {})}`
}

function result(check: Check, draft: Draft, node: string | null): Result {
  const { status, reason, subject, brief, says, proof, look, fix, advice, refused, awsCode, gaps } = draft
  const finding: { -readonly [K in keyof Finding]: Finding[K] } = {
    id: check.id,
    hop: hopOf(check),
    status,
    reason,
    subject,
    brief,
    says,
    proof,
    look,
    fix,
  }
  if (advice !== undefined) finding.advice = advice
  if (refused !== undefined) finding.refused = refused
  if (awsCode !== undefined) finding.awsCode = awsCode
  if (gaps !== undefined) finding.gaps = gaps.map(({ source, reason }) => ({ source, reason }))
  return { check, draft, finding, node, met: true }
}
