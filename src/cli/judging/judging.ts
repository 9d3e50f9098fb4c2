import { checks } from '../../checks/index.ts'
import { answerOf, judgeShare, type Share } from '../../diagnosis/diagnose.ts'
import type { Answer, Diagnosis } from '../../diagnosis/diagnosis.ts'
import { acceptanceOf, type Policy } from '../../diagnosis/gate.ts'
import { questionsFor, type Target } from '../../diagnosis/targets.ts'
import type { Asked } from '../../diagnosis/service-questions.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { requireVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { recognisedFabric } from '../../fabric/recognise.ts'
import { diagnosisAsTyped } from '../../report/access.ts'
import { allReports, type Kept, type Reports } from '../../report/all-reports.ts'
import { formatsFor, type FormatName } from '../../report/formats.ts'
import { plain, type Look } from '../../report/paint.ts'
import type { Reading } from '../../report/reading.ts'
import type { Setting } from '../../report/reporter.ts'
import type { Detail } from '../../report/text/text.ts'
import type { Tool } from '../../report/tool.ts'

/** What `check` is to judge and to report: data alone, so that another thread can be given it. */
export interface Task {
  readonly targets: readonly Target[]
  readonly client: Asked['client']
  readonly fabric: 'auto' | 'ec2' | 'lan'
  readonly vpcId: string | null
  readonly policy: Omit<Policy, 'day'>
  readonly nodePorts: boolean
  readonly tool: Tool
  readonly detail: Detail
  /** What is printed, and what goes into files besides. */
  readonly formats: { readonly printed: FormatName; readonly files: readonly FormatName[] }
}

/** How the questions are asked of this evidence. @throws UserError where its nodes are in several VPCs and none is named. */
export function askedOf({ client, fabric, vpcId }: Task, evidence: Evidence): Asked {
  requireVpc(evidence, vpcId)
  return { client, fabric: fabric === 'auto' ? recognisedFabric(evidence) : fabric, vpcId }
}

/** The policy on the day of this evidence. */
export const policyOn = ({ policy }: Task, { time }: Evidence): Policy => ({
  ...policy,
  day: known(time)?.slice(0, 10) ?? null,
})

/** A task over some evidence: any part of its questions can be judged, and all parts make the answer. */
export interface Judging {
  readonly questions: readonly Question[]
  readonly reports: Reports
  /** Judges the questions at some places. */
  readonly share: (places: Iterable<number>) => Share<Kept>
  readonly answer: (shares: readonly Share<Kept>[]) => Answer<Kept>
}

/** @throws UserError as {@link questionsFor} and {@link askedOf} do. */
export function judgingOf(task: Task, evidence: Evidence, reading: Reading, look: Look): Judging {
  const { questions, gaps } = questionsFor(evidence, task.targets, askedOf(task, evidence))
  const policy = policyOn(task, evidence)
  const setting: Setting = {
    reading,
    tool: task.tool,
    checks,
    evidence,
    failOn: policy.failOn,
    acceptanceOf: (finding) => acceptanceOf(policy, finding),
  }
  const reporters = [
    formatsFor(look, task.detail)[task.formats.printed],
    ...task.formats.files.map((format) => formatsFor(plain, task.detail)[format]),
  ].map((format) => format.report(setting))
  const reports = allReports(reporters, policy)
  const present = (diagnosis: Diagnosis): Kept =>
    reports.diagnosis(reading.from === 'live' ? diagnosisAsTyped(diagnosis, reading.access) : diagnosis)
  return {
    questions,
    reports,
    share: (places) => judgeShare(present, checks, evidence, questions, places, task.nodePorts),
    answer: (shares) => answerOf(checks, evidence, questions, gaps, shares),
  }
}
