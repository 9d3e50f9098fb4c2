import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import { verdicts } from '../diagnosis/diagnosis.ts'
import { known } from '../evidence/gap.ts'
import { clientText } from '../evidence/question.ts'
import { label } from './escape.ts'
import type { Format } from './reporter.ts'
import { ownerOf } from '../diagnosis/title.ts'

/**
 * Prometheus' text format, for the node exporter's textfile collector (which wants no timestamps). Whether a VIP is reachable is NaN where
 * it is not known: `vipdoctor_vip_reachable != 1` then alerts, and `== 0` does not.
 */
export const prometheus: Format<Samples> = {
  report: ({ evidence }) => ({
    diagnosis: samplesOf,
    whole: function* ({ diagnoses, gaps, counts, account, fabric }, { gate }) {
      const time = Date.parse(known(evidence.time) ?? '') / 1000
      yield family('check_success', 'Whether the check could run: 0 where its set-up failed.', ['1'])
      yield family('check_exit_code', 'What vipdoctor check ended with.', [String(gate.exitCode)])
      yield family('evidence_time_seconds', 'When the judged evidence was gathered, in seconds since 1970.', [
        String(time),
      ])
      yield family('judged_as', 'What carries frames between the nodes, as it was judged, and why; the value is 1.', [
        sample(
          {
            fabric: fabric.name,
            because: fabric.because,
            account: account?.id ?? '',
            region: account?.region ?? '',
            evidence_disagrees: String(fabric.warning !== null),
          },
          1,
        ),
      ])
      yield family('gaps', 'Sources of evidence that could not be read.', [String(gaps.length)])
      yield family(
        'vips',
        'How many VIPs have which verdict.',
        verdicts.map((verdict) => `{verdict="${verdict}"} ${counts[verdict]}`),
      )
      yield family(
        'vip_reachable',
        'Whether the client reaches the VIP: 1, 0, or NaN where it is not known.',
        diagnoses.map(({ reachable }) => reachable),
      )
      yield family(
        'vip_cause',
        'What stops the packet, one for each cause; order counts from 1 along the packet’s way.',
        diagnoses.flatMap(({ causes }) => causes),
      )
      yield family(
        'vip_findings',
        'How many findings of a VIP have which status.',
        diagnoses.flatMap(({ findings }) => findings),
      )
    },
  }),
  failed: ({ exitCode }) =>
    family('check_success', 'Whether the check could run: 0 where its set-up failed.', ['0']) +
    family('check_exit_code', 'What vipdoctor check ended with.', [String(exitCode)]),
}

interface Samples {
  readonly reachable: string
  readonly causes: readonly string[]
  readonly findings: readonly string[]
}

/** A family without a sample is left out: a HELP line alone says nothing. */
function family(name: string, help: string, samples: readonly string[]): string {
  if (samples.length === 0) return ''
  const full = `vipdoctor_${name}`
  const lines = samples.map((sample) => `${full}${sample.startsWith('{') ? '' : ' '}${sample}\n`)
  return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join('')}`
}

const reachableValues = { reachable: '1', unreachable: '0', inconclusive: 'NaN' } as const
const countedStatuses = ['fail', 'warn', 'unknown'] as const

const sample = (labels: Readonly<Record<string, string>>, value: number | string): string =>
  `{${Object.entries(labels)
    .map(([name, text]) => `${name}="${label(text)}"`)
    .join(',')}} ${value}`

function samplesOf({ question, verdict, causes, findings }: Diagnosis): Samples {
  const of = {
    vip: question.vip?.text ?? '',
    port: String(question.port.port),
    protocol: question.port.protocol,
    service: ownerOf(question),
    client: clientText(question.client),
  }
  return {
    reachable: sample(of, reachableValues[verdict]),
    causes: causes.map(({ id, subject }, index) => sample({ ...of, cause: id, subject, order: String(index + 1) }, 1)),
    findings: countedStatuses.map((status) =>
      sample({ ...of, status }, findings.filter((finding) => finding.status === status).length),
    ),
  }
}
