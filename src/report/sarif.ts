import { placeText } from '../evidence/cite.ts'
import type { Check } from '../checks/check.ts'
import type { HidingGap } from '../diagnosis/diagnosis.ts'
import { detailsOf, proofValue } from './details.ts'
import { fingerprint } from './fingerprint.ts'
import { judgedAs } from './judged-as.ts'
import type { Gate } from '../diagnosis/gate.ts'
import { locationOf, placeOfFinding, type Location } from './location.ts'
import type { Format, Setting } from './reporter.ts'
import { toldOnce, wrongIn, type ToldOnce, type Weight, type Wrong } from './told-once.ts'
import type { Tool } from './tool.ts'

const levels: Readonly<Record<Weight, string>> = { cause: 'error', broken: 'warning', warning: 'note' }

/** GitHub shows 5,000 results of a run and refuses one of more than 25,000 ("SARIF support for code scanning", limits). */
const mostResults = 5_000
const mostRelated = 20

/**
 * SARIF 2.1.0: what fails or warns as results, each at the place of its proof in the bundle (GitHub refuses a file in which one result has
 * none); what could not be read as notifications; what is accepted as suppressed.
 */
export const sarif: Format<readonly Wrong[]> = {
  report: (setting) => ({
    diagnosis: wrongIn,
    whole: function* ({ diagnoses, gaps, account, fabric }, { gate }) {
      const all = toldOnce(diagnoses.flat())
      const shown = all.slice(0, mostResults)
      const cut = all.length - shown.length
      const notifications = [
        ...gaps.map(gapNotification),
        ...gate.warnings.map((warning) => notification('acceptance', 'warning', warning)),
        ...(cut === 0
          ? []
          : [notification('cut', 'warning', `${cut} more results are left out, the least grave ones.`)]),
        ...(fabric.warning === null ? [] : [notification('fabric', 'warning', fabric.warning)]),
        notification('fabric', 'note', judgedAs({ account, fabric })),
      ]
      const rules = setting.checks.filter(({ id }) => shown.some(({ finding }) => finding.id === id))
      const places = new Map(rules.map(({ id }, index) => [id as string, index]))
      const results = shown.map((told) => resultOf(told, places.get(told.finding.id) ?? -1, setting))
      yield log(setting.tool, {
        rules: rules.map(ruleOf),
        results,
        invocation: invocationOf(gate, notifications),
        properties: { account, fabric },
      })
    },
  }),
  failed: ({ message, suggestion, exitCode }, tool) => {
    const why = notification('set-up', 'error', suggestion === null ? message : `${message} ${suggestion}`)
    const invocation = { executionSuccessful: false, exitCode, toolExecutionNotifications: [why] }
    return log(tool, { rules: [], results: [], invocation })
  },
}

function log(
  { name, version }: Tool,
  run: {
    readonly rules: readonly object[]
    readonly results: readonly object[]
    readonly invocation: object
    readonly properties?: object
  },
): string {
  const whole = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name, semanticVersion: version, rules: run.rules } },
        automationDetails: { id: 'vipdoctor/' },
        columnKind: 'utf16CodeUnits',
        invocations: [run.invocation],
        results: run.results,
        properties: run.properties,
      },
    ],
  }
  return `${JSON.stringify(whole, null, 2)}\n`
}

const invocationOf = ({ exitCode, because }: Gate, notifications: readonly object[]): object => ({
  executionSuccessful: true,
  exitCode,
  exitCodeDescription: because,
  toolExecutionNotifications: notifications,
})

const ruleOf = ({ id, title, docs, blocks }: Check): object => ({
  id,
  name: id,
  shortDescription: { text: title },
  fullDescription: { text: docs.means },
  help: {
    text: `${docs.means}\n\nBy hand: ${docs.byHand}\n\nMend it: ${docs.mend}`,
    markdown: `${docs.means}\n\n**By hand.** ${docs.byHand}\n\n**Mend it.** ${docs.mend}`,
  },
  defaultConfiguration: { level: blocks ? 'error' : 'warning' },
  properties: { tags: [id.split('/')[0]] },
})

function resultOf({ finding, weight, vips }: ToldOnce, ruleIndex: number, setting: Setting): object {
  const { id, subject, says, proof, fix, awsCode } = finding
  const accepted = setting.acceptanceOf(finding)
  const related = proof.slice(1, 1 + mostRelated)
  return {
    ruleId: id,
    ...(ruleIndex < 0 ? {} : { ruleIndex }),
    level: levels[weight],
    message: { text: [says, ...detailsOf(finding)].join('\n') },
    locations: [physical(placeOfFinding(setting.evidence, finding))],
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map((one, index) => ({
            id: index + 1,
            ...physical(locationOf(setting.evidence, one)),
            message: { text: `${placeText(one)}: ${proofValue(one)}` },
          })),
        }),
    partialFingerprints: { 'vipdoctor/v1': fingerprint(id, subject, says) },
    ...(accepted === null
      ? {}
      : { suppressions: [{ kind: 'external', status: 'accepted', justification: accepted.reason }] }),
    properties: {
      subject,
      vips,
      ...(awsCode === undefined ? {} : { awsCode }),
      ...(fix === null ? {} : { fix: fix.commands }),
    },
  }
}

const physical = ({ file, startLine, endLine }: Location): object => ({
  physicalLocation: {
    artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
    region: { startLine, endLine },
  },
})

const notification = (id: string, level: 'error' | 'warning' | 'note', text: string): object => ({
  descriptor: { id },
  level,
  message: { text },
})

const gapNotification = ({ source, reason, hides }: HidingGap): object => ({
  ...notification('gap', 'warning', `${source}: ${reason}.${hides.length === 0 ? '' : ` Hides ${hides.join(', ')}.`}`),
  locations: [physical({ file: source, startLine: 1, endLine: 1 })],
})
