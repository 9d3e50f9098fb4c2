import type { Format, Setting } from './reporter.ts'
import { fingerprint } from './fingerprint.ts'
import { judgedAs } from './judged-as.ts'
import { placeOfFinding } from './location.ts'
import { toldOnce, wrongIn, type ToldOnce, type Weight, type Wrong } from './told-once.ts'

const severities: Readonly<Record<Weight, string>> = { cause: 'critical', broken: 'major', warning: 'minor' }

/**
 * GitLab's code quality report: one issue for each thing that is wrong; what is accepted is information. The format has no place for the whole
 * run, so as what the network was judged stands in the body of each issue, a field of Code Climate's specification.
 */
export const gitlab: Format<readonly Wrong[]> = {
  report: (setting) => ({
    diagnosis: wrongIn,
    whole: function* ({ diagnoses, account, fabric }) {
      const content = {
        body: [judgedAs({ account, fabric }), ...(fabric.warning === null ? [] : [fabric.warning])].join(' '),
      }
      yield text(toldOnce(diagnoses.flat()).map((one) => ({ ...issueOf(one, setting), content })))
    },
  }),
  failed: ({ message }) =>
    text([
      {
        description: message,
        check_name: 'set-up',
        fingerprint: fingerprint('set-up', message),
        severity: 'blocker',
        location: { path: 'bundle.json', lines: { begin: 1 } },
      },
    ]),
}

const text = (issues: readonly object[]): string => `${JSON.stringify(issues, null, 2)}\n`

function issueOf({ finding, weight, vips }: ToldOnce, { evidence, acceptanceOf }: Setting): object {
  const accepted = acceptanceOf(finding)
  const { file, startLine, endLine } = placeOfFinding(evidence, finding)
  const excuse = accepted === null ? '' : ` Accepted: ${accepted.reason}`
  return {
    description: `${finding.says}${excuse} (${vips.length === 1 ? (vips[0] ?? '') : `${vips.length} VIPs`})`,
    check_name: finding.id,
    fingerprint: fingerprint(finding.id, finding.subject, finding.says),
    severity: accepted === null ? severities[weight] : 'info',
    location: { path: file, lines: { begin: startLine, end: endLine } },
  }
}
