import type { Check, Context } from '../../src/checks/check.ts'
import type { Draft } from '../../src/checks/finding.ts'
import { parseClient } from '../../src/diagnosis/client.ts'
import { runChecks } from '../../src/diagnosis/run-checks.ts'
import { parseTarget, questionsFor } from '../../src/diagnosis/targets.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import type { FabricName } from '../../src/evidence/question.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
import type { Receiving } from '../../src/journey/context.ts'
import { receivingNodes } from '../../src/journey/receiving.ts'
import { controlPlaneVips } from '../../src/lb/control-plane.ts'
import { addressAndPort } from '../../src/net/port.ts'
import { sentence } from './sentence.ts'

/** A question as `vipdoctor check TARGET --client CLIENT` puts it; what is not said is found as the program finds it. */
export interface Asked {
  readonly target?: string
  readonly client?: string
  readonly fabric?: FabricName
  readonly vpcId?: string
  readonly receiving?: Receiving
}

/** What a check is asked about the first question behind a target. */
export function ask(evidence: Evidence, asked: Asked = {}): Context {
  const { target = '10.240.0.100', client = 'vpc', fabric = recognisedFabric(evidence), vpcId = null } = asked
  const { questions } = questionsFor(evidence, [parseTarget(target)], { client: parseClient(client), fabric, vpcId })
  const [question] = questions
  if (question === undefined) throw new Error(`nothing is known of ${target}`)
  return { evidence, question, receiving: asked.receiving ?? receivingNodes(evidence, question), node: null }
}

/** The same about the first VIP of the control plane that the evidence shows. */
export function askControlPlane(evidence: Evidence, asked: Omit<Asked, 'target'> = {}): Context {
  const [first] = controlPlaneVips(evidence)
  if (first === undefined) throw new Error('there is no control-plane VIP')
  return ask(evidence, { ...asked, target: addressAndPort(first.address.text, first.port) })
}

/** What the runner makes of one check; of its runs about a node alone, where one is named. */
export const runCheck = (check: Check, context: Context, node?: string): readonly Draft[] =>
  runChecks([check], context)
    .filter((result) => node === undefined || result.node === null || result.node === node)
    .map(({ draft }) => draft)

/** What a check says first. */
export function says(check: Check, evidence: Evidence, asked: Asked = {}): readonly [string, string] {
  const [first] = runCheck(check, ask(evidence, asked))
  return [first?.status ?? 'silent', first === undefined ? '' : sentence(first)]
}
