import { clientText } from '../evidence/question.ts'
import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import { questionName } from '../diagnosis/targets.ts'
import { packing, unpacked, type Packed } from './packed.ts'
import { schemaVersion } from './schema-version.ts'
import type { Failure, Format, Reporter } from './reporter.ts'
import type { Tool } from './tool.ts'

/** The answer as `--output json` prints it: docs/json.md and docs/schema.json describe it; fields may be added, none changes its meaning. */
export function jsonReporter(tool: Tool): Reporter<Packed> {
  const pack = packing()
  return {
    diagnosis: (diagnosis) => pack(indented(diagnosisJson(diagnosis), 4)),
    whole: function* ({ verdict, account, fabric, diagnoses, gaps }, { probes, gate }) {
      yield `{\n  "schemaVersion": ${String(schemaVersion)},\n`
      for (const [name, value] of Object.entries({ tool, verdict, account, fabric, gate }))
        yield `  "${name}": ${indented(value, 2)},\n`
      yield '  "diagnoses": ['
      for (const [index, text] of diagnoses.entries()) yield `${index === 0 ? '' : ','}\n    ${unpacked(text)}`
      yield `${diagnoses.length === 0 ? '' : '\n  '}],\n  "gaps": ${indented(gaps, 2)}`
      if (probes !== null) yield `,\n  "probes": ${indented(probes, 2)}`
      yield '\n}\n'
    },
  }
}

/** The JSON, and where nothing could be judged one of the same shape with `error`. */
export const jsonFormat: Format<Packed> = {
  report: ({ tool }) => jsonReporter(tool),
  failed: ({ exitCode, message, suggestion }: Failure, tool) => {
    const error = { exitCode, message, suggestion }
    return `${JSON.stringify({ schemaVersion, tool, verdict: 'inconclusive', account: null, error, diagnoses: [], gaps: [] }, null, 2)}\n`
  },
}

/** A value as it stands in an object that is indented itself: the first line goes behind the member's name. */
const indented = (value: unknown, by: number): string =>
  JSON.stringify(value, null, 2).replaceAll('\n', `\n${' '.repeat(by)}`)

function diagnosisJson(diagnosis: Diagnosis): object {
  const { question, receiving, verdict, causes, possibleCauses, alsoWrong, path, findings, nodePorts } = diagnosis
  return {
    vip: question.vip?.text ?? null,
    service: question.about === 'service' ? questionName(question) : null,
    ...(question.about === 'kube-ovn' ? { kubeOvn: questionName(question) } : {}),
    port: question.port,
    client: clientText(question.client),
    fabric: question.fabric,
    receiving,
    verdict,
    causes,
    possibleCauses,
    alsoWrong,
    path,
    ...(nodePorts === null ? {} : { nodePorts }),
    findings,
  }
}
