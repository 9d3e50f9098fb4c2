import { clientText } from '../evidence/question.ts'
import type { Answer, Diagnosis } from '../diagnosis/diagnosis.ts'
import { questionName } from '../diagnosis/targets.ts'
import type { Probed } from './probes.ts'
import type { Tool } from './tool.ts'

export const schemaVersion = 1

/** The answer as `--output json` prints it: docs/json.md and docs/schema.json describe it; fields may be added, none changes its meaning. */
export function jsonReport(answer: Answer, tool: Tool, probes: readonly Probed[] | null = null): string {
  const report = {
    schemaVersion,
    tool,
    verdict: answer.verdict,
    account: answer.account,
    diagnoses: answer.diagnoses.map(diagnosisJson),
    gaps: answer.gaps,
    ...(probes === null ? {} : { probes }),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function diagnosisJson(diagnosis: Diagnosis): object {
  const { question, receiving, verdict, causes, alsoWrong, path, findings, nodePorts } = diagnosis
  return {
    vip: question.vip?.text ?? null,
    service: question.service === null ? null : questionName(question),
    ...(question.kubeOvn === undefined ? {} : { kubeOvn: questionName(question) }),
    port: question.port,
    client: clientText(question.client),
    fabric: question.fabric,
    receiving,
    verdict,
    causes,
    alsoWrong,
    path,
    ...(nodePorts === null ? {} : { nodePorts }),
    findings,
  }
}
