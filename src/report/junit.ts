import type { Finding, Status } from '../checks/finding.ts'
import type { Answer, Diagnosis } from '../diagnosis/diagnosis.ts'
import { xml } from './escape.ts'
import { detailsOf } from './details.ts'
import { judgedAs } from './judged-as.ts'
import { packing, unpacked, type Packed } from './packed.ts'
import type { End, Format, Setting } from './reporter.ts'
import { ownerOf, placeOf, titleOf } from '../diagnosis/title.ts'

/**
 * JUnit XML, as Jenkins and GitLab read it: a suite for each VIP, a case for each check. A class has no dot but the one behind
 * `vipdoctor`, since Jenkins takes what stands before the last one for a package.
 */
export const junit: Format<Suite> = {
  report: (setting) => {
    const pack = packing()
    return {
      diagnosis: (diagnosis) => suiteOf(diagnosis, setting, pack),
      whole: function* (answer, { gate }) {
        yield opening(totals(answer.diagnoses))
        for (const { text } of answer.diagnoses) yield unpacked(text)
        yield `${gateSuite(answer, gate)}</testsuites>\n`
      },
    }
  },
  failed: ({ message, suggestion }) => {
    const counts = { tests: 1, failures: 0, errors: 1, skipped: 0 }
    const body = `<error message="${xml(message)}" type="set-up">${xml(suggestion ?? '')}</error>`
    return `${opening(counts)}  <testsuite name="vipdoctor"${attributes(counts, true)}>\n${testCase('vipdoctor', 'set-up', body)}  </testsuite>\n</testsuites>\n`
  },
}

interface Counts {
  readonly tests: number
  readonly failures: number
  readonly errors: number
  readonly skipped: number
}

interface Suite extends Counts {
  readonly text: Packed
}

const totals = (suites: readonly Suite[]): Counts => ({
  tests: sum(suites, 'tests'),
  failures: sum(suites, 'failures'),
  errors: sum(suites, 'errors'),
  skipped: sum(suites, 'skipped'),
})

const sum = (suites: readonly Suite[], key: keyof Counts): number =>
  suites.reduce((total, suite) => total + suite[key], 0)

/** The schema gives a suite a count of what was skipped, and the whole none. */
const attributes = ({ tests, failures, errors, skipped }: Counts, suite: boolean): string =>
  ` tests="${tests}" failures="${failures}" errors="${errors}"${suite ? ` skipped="${skipped}"` : ''}`

const opening = (counts: Counts): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="vipdoctor"${attributes(counts, false)}>\n`

function suiteOf({ question, findings }: Diagnosis, setting: Setting, pack: (text: string) => Packed): Suite {
  const byCheck = new Map<string, Finding[]>()
  for (const finding of findings) byCheck.set(finding.id, [...(byCheck.get(finding.id) ?? []), finding])
  const cases = [...byCheck].map(([id, found]) => ({ id, ...resultOf(found, setting) }))
  const count = (result: Result) => cases.filter((one) => one.result === result).length
  const counts = {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  }
  const className = `vipdoctor.${ownerOf(question).replaceAll('.', '_')}`
  const text = cases.map(({ id, body }) => testCase(className, `${placeOf(question)} ${id}`, body)).join('')
  return {
    ...counts,
    text: pack(`  <testsuite name="${xml(titleOf(question))}"${attributes(counts, true)}>\n${text}  </testsuite>\n`),
  }
}

/** No case is in it: what the job ends with, and as what the network was judged, for a program and in words. */
function gateSuite({ account, fabric }: Answer<unknown>, { exitCode, because }: End['gate']): string {
  const judged = {
    fabric: fabric.name,
    because: fabric.because,
    ...(fabric.warning === null ? {} : { warning: fabric.warning }),
  }
  const properties = Object.entries(judged).map(
    ([name, value]) => `      <property name="${name}" value="${xml(value)}"/>\n`,
  )
  const says = [`Exit code ${exitCode}: ${because}.`, judgedAs({ account, fabric })].join('\n')
  return `  <testsuite name="gate" tests="0" failures="0" errors="0">\n    <properties>\n${properties.join('')}    </properties>\n    <system-out>${xml(says)}</system-out>\n  </testsuite>\n`
}

const testCase = (className: string, name: string, body: string): string => {
  const tag = `    <testcase classname="${xml(className)}" name="${xml(name)}"`
  return body === '' ? `${tag}/>\n` : `${tag}>${body}</testcase>\n`
}

type Result = 'failure' | 'error' | 'skipped' | 'success'

/** What a check found about several nodes is one case: the worst of it, in its order. */
function resultOf(found: readonly Finding[], setting: Setting): { readonly result: Result; readonly body: string } {
  const told = found.map((finding) => ({ finding, accepted: setting.acceptanceOf(finding) }))
  const counted = told.filter(({ accepted }) => accepted === null).map(({ finding }) => finding)
  const worst = order.find((status) => counted.some((finding) => finding.status === status))
  const these = counted.filter(({ status }) => status === worst)
  const [excused] = told.filter(({ accepted }) => accepted !== null)
  const says = these.map((finding) => finding.says).join('\n')
  const details = these.flatMap((finding) => detailsOf(finding)).join('\n')
  const [first] = these
  if (first !== undefined && (worst === 'fail' || (worst === 'warn' && setting.failOn === 'warn')))
    return { result: 'failure', body: element('failure', says, first.id, details) }
  if (first !== undefined && worst === 'unknown')
    return { result: 'error', body: element('error', says, first.id, details) }
  if (excused !== undefined)
    return {
      result: 'skipped',
      body: element('skipped', `Accepted: ${excused.accepted?.reason ?? ''}`, excused.finding.id, excused.finding.says),
    }
  if (first !== undefined && worst === 'skipped')
    return { result: 'skipped', body: element('skipped', says, first.id, '') }
  return { result: 'success', body: worst === 'warn' ? `<system-out>${xml(`Warning: ${says}`)}</system-out>` : '' }
}

/** Worst first; what is skipped on one node and passes on another passes. */
const order: readonly Status[] = ['fail', 'unknown', 'warn', 'pass', 'skipped']

const element = (name: string, message: string, type: string, text: string): string =>
  `<${name} message="${xml(message)}" type="${xml(type)}">${xml(text)}</${name}>`
