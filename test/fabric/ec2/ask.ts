import type { Check, Context } from '../../../src/checks/check.ts'
import { whyNot } from '../../../src/diagnosis/run-checks.ts'
import type { Receiving } from '../../../src/journey/context.ts'
import { skipped, unknown, type Draft } from '../../../src/checks/finding.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../../src/evidence/gap.ts'
import { isNodeKind, lookUp } from '../../../src/evidence/kinds.ts'
import { objectName } from '../../../src/evidence/kubernetes/kinds.ts'
import type { Client, FabricName, Question } from '../../../src/evidence/question.ts'
import { controlPlaneVips } from '../../../src/lb/control-plane.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { parseCidr } from '../../../src/net/range.ts'
import { sentence } from '../../kit/sentence.ts'
import { vpcDelivery } from '../../../src/fabric/ec2/delivery.ts'

export interface Asked {
  readonly vip?: string
  readonly port?: number
  readonly protocol?: 'tcp' | 'udp' | 'sctp'
  readonly service?: string
  readonly client?: string
  readonly fabric?: FabricName
  readonly receiving?: Receiving
  readonly vpcId?: string
}

function clientOf(text: string): Client {
  const address = parseAddress(text)
  if (address !== null) return { kind: 'address', address }
  const cidr = parseCidr(text)
  if (cidr !== null) return { kind: 'cidr', cidr }
  if (text.startsWith('node/')) return { kind: 'node', name: text.slice(5) }
  return text === 'internet' ? { kind: 'internet' } : { kind: 'vpc' }
}

/** The context of a question about the LoadBalancer Service that has the VIP, or of a control-plane VIP where none has. */
export function ask(evidence: Evidence, asked: Asked = {}): Context {
  const { vip = '10.240.0.100', port = 80, protocol = 'tcp', client = 'vpc', fabric = 'ec2', vpcId = null } = asked
  const address = parseAddress(vip)
  if (address === null) throw new Error(`${vip} is no address`)
  const service = (known(evidence.kubernetes.services) ?? []).find((one) =>
    asked.service === undefined
      ? one.status?.loadBalancer?.ingress?.some(({ ip }) => ip === vip)
      : objectName(one) === asked.service,
  )
  const shared = { port: { protocol, port }, client: clientOf(client), fabric, vpcId }
  const ports = service?.spec?.ports ?? []
  const question: Question =
    service === undefined
      ? { ...shared, about: 'control-plane', vip: address, controlPlane: { address, port, pods: [] } }
      : {
          ...shared,
          about: 'service',
          vip: address,
          service,
          servicePort: ports.find((one) => one.port === port) ?? ports[0] ?? {},
        }
  return { evidence, question, receiving: asked.receiving ?? receivingOf(evidence, question), node: null }
}

/** The context of a question about the first VIP of the control plane that the evidence shows. */
export function controlPlane(evidence: Evidence, client = 'vpc'): Context {
  const [first] = known(controlPlaneVips(evidence)) ?? []
  if (first === undefined) throw new Error('there is no control-plane VIP')
  const context = ask(evidence, { vip: first.address.text, port: first.port, client })
  const { port: asked, client: from, fabric, vpcId } = context.question
  const question: Question = {
    port: asked,
    client: from,
    fabric,
    vpcId,
    about: 'control-plane',
    vip: first.address,
    controlPlane: first,
  }
  return { ...context, question }
}

function receivingOf(evidence: Evidence, question: Question): Receiving {
  const delivery = vpcDelivery(evidence, question)
  if (!isGap(delivery) && delivery.by !== 'nobody' && delivery.node !== null)
    return { by: delivery.by, nodes: [delivery.node] }
  return {
    by: 'candidate',
    nodes: (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? []),
  }
}

/** Runs one check as the program does: what does not apply is skipped, what is needed and missing makes it unknown. */
export function runCheck(check: Check, context: Context): readonly Draft[] {
  const why = whyNot(check, context)
  if (why !== null) return [skipped(why.reason, '', why.says)]
  const gaps = gapsAmong(
    ...check.needs.filter((kind) => !isNodeKind(kind)).map((kind) => lookUp(context.evidence, kind, null)),
  )
  if (gaps.length > 0) return [unknown('evidence-missing', '', check.title, gaps)]
  if (check.each === undefined) return check.run(context)
  return context.receiving.nodes.flatMap((node) => check.run({ ...context, node }))
}

/** Runs a check of each endpoint's node for one of them. */
export function runOn(check: Check, evidence: Evidence, node: string, asked: Asked = {}): readonly Draft[] {
  const context = ask(evidence, asked)
  const why = whyNot(check, context)
  if (why !== null) return [skipped(why.reason, '', why.says)]
  return check.each === undefined ? [] : check.run({ ...context, node })
}

/** What a check says first. */
export function says(check: Check, evidence: Evidence, asked: Asked = {}): readonly [string, string] {
  const [first] = runCheck(check, ask(evidence, asked))
  return [first?.status ?? 'silent', first === undefined ? '' : sentence(first)]
}
