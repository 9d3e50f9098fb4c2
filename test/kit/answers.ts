import { checks } from '../../src/checks/index.ts'
import { parseClient } from '../../src/diagnosis/client.ts'
import { answer } from '../../src/diagnosis/diagnose.ts'
import type { Answer, Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import { parseTarget, questionsFor } from '../../src/diagnosis/targets.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import type { FabricName } from '../../src/evidence/question.ts'
import { addressAndPort } from '../../src/net/port.ts'
import type { Reporter } from '../../src/report/reporter.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
import type { Check } from '../../src/checks/check.ts'
import type { Finding } from '../../src/checks/finding.ts'
import { acceptanceOf, gateOf, strictPolicy, weighForGate, type Policy } from '../../src/diagnosis/gate.ts'
import { ordinary } from '../../src/report/text/text.ts'
import { formatsFor, type FormatName } from '../../src/report/formats.ts'
import { plain } from '../../src/report/paint.ts'
import { fixture, truthOf, type Truth } from './fixtures.ts'

/** What `vipdoctor check [TARGET…]` judges over this evidence. */
export function judge(
  evidence: Evidence,
  targets: readonly string[],
  client = 'vpc',
  nodePorts = false,
  fabric: FabricName = recognisedFabric(evidence),
  among: readonly Check[] = checks,
): Answer {
  const asked = { client: parseClient(client), fabric, vpcId: null }
  const { questions, gaps } = questionsFor(evidence, targets.map(parseTarget), asked)
  return answer(among, evidence, questions, gaps, nodePorts)
}

/** What `vipdoctor check` prints of an answer. */
export function printed<T>(answer: Answer, reporter: Reporter<T>, policy = strictPolicy): string {
  const weighed = { ...answer, diagnoses: answer.diagnoses.map((diagnosis) => weighForGate(policy, diagnosis)) }
  const gate = gateOf(policy, weighed)
  return [
    ...reporter.whole({ ...answer, diagnoses: answer.diagnoses.map(reporter.diagnosis) }, { probes: null, gate }),
  ].join('')
}

/** A report in any format of what is judged of the targets. */
export function reported(
  evidence: Evidence,
  format: FormatName,
  {
    targets = [],
    client = 'vpc',
    policy = strictPolicy,
    fabric,
  }: { targets?: readonly string[]; client?: string; policy?: Policy; fabric?: FabricName } = {},
): string {
  const setting = {
    tool: { name: 'vipdoctor', version: '0.0.0' },
    checks,
    evidence,
    reading: { from: 'bundle' as const, path: 'bundle.tar.gz' },
    failOn: policy.failOn,
    acceptanceOf: (finding: Finding) => acceptanceOf(policy, finding),
  }
  return printed(
    judge(evidence, targets, client, false, fabric),
    formatsFor(plain, ordinary)[format].report(setting),
    policy,
  )
}

/** The one diagnosis of a target; by some of the checks alone, where they are given. */
export function diagnosisOf(
  evidence: Evidence,
  target: string,
  client = 'vpc',
  among: readonly Check[] = checks,
): Diagnosis {
  const { diagnoses } = judge(evidence, [target], client, false, undefined, among)
  const [diagnosis, ...more] = diagnoses
  if (diagnosis === undefined || more.length > 0) throw new Error(`${target} has ${String(diagnoses.length)} diagnoses`)
  return diagnosis
}

/** What a recording's truth asks for: its VIP and port, or its Service while that is pending. */
export const targetOf = ({ vip, port, service }: Truth): string =>
  vip === null ? (service ?? '') : addressAndPort(vip, port)

/** The diagnosis of what a recording is about, for the client that tried it. */
export async function diagnosisOfFixture(name: string, client?: string): Promise<Diagnosis> {
  const truth = await truthOf(name)
  return diagnosisOf(await fixture(name), targetOf(truth), client ?? truth.client.split(' ')[1])
}
