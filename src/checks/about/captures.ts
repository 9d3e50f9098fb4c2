import { conclude, type Conclusion, type Outcome } from '../../capture/conclude.ts'
import { observer, type Observation } from '../../capture/observe.ts'
import { recordedCaptures, type RecordedCapture } from '../../capture/recorded.ts'
import { citeList, type Proof } from '../../evidence/cite.ts'
import { counted } from '../../net/words.ts'
import type { VipContext } from '../check.ts'
import { said, skipped, unknown, type Draft } from '../finding.ts'
import { knownStations, readingOf } from '../../journey/stations.ts'

/** What one capture of the bundle says about the question's VIP. */
export interface Seen {
  readonly capture: RecordedCapture
  readonly observation: Observation
  readonly conclusion: Conclusion
  readonly proof: Proof
}

/** What every check of hop `wire` reads besides the captures: whose a MAC is. */
export const wireReads = [
  'kubernetes/nodes',
  'aws/network-interfaces',
  'aws/subnets',
  'aws/vpcs',
  'node/ip-link',
] as const

/** True where the evidence has a capture; the reason why not otherwise. */
export const captured = ({ evidence }: Pick<VipContext, 'evidence'>): true | string =>
  recordedCaptures(evidence).length > 0 || 'No capture is in the evidence.'

/** What each capture shows about the VIP, and a draft for each that could not be read. */
export function seenIn(context: Pick<VipContext, 'evidence' | 'question'>): {
  readonly seen: readonly Seen[]
  readonly unread: readonly Draft[]
} {
  const { evidence, question } = context
  const { vip } = question
  const stations = knownStations(evidence, vip, question.vpcId)
  const all = recordedCaptures(evidence)
  const seen = all.flatMap((capture): Seen[] => {
    if (capture.gap !== null && capture.messages.length === 0) return []
    const { see, observation } = observer(vip)
    capture.messages.forEach(see)
    const observed = observation()
    const surroundings = {
      ...stations,
      fabric: readingOf(question.fabric),
      seenFrom: capture.seenFrom,
      listenedSeconds: null,
    }
    const [conclusion] = conclude(observed, surroundings)
    return conclusion === undefined
      ? []
      : [{ capture, observation: observed, conclusion, proof: proofOf(capture, observed) }]
  })
  const unread = all.flatMap(({ file, gap, messages }) =>
    gap !== null && messages.length === 0
      ? [unknown('capture-not-readable', `capture/${file}`, said('not read', 'A capture could not be read.'), [gap])]
      : [],
  )
  return { seen, unread }
}

/** One draft for each capture: of those whose outcome is asked about by `judge`, the others are skipped with what they are. */
export function eachCapture(
  context: VipContext,
  judge: (seen: Seen, subject: string) => Draft | null,
): readonly Draft[] {
  const { seen, unread } = seenIn(context)
  const drafts = seen.map((one) => {
    const subject = `capture/${one.capture.file}`
    const draft = judge(one, subject)
    if (draft === null)
      return skipped('other-outcome', subject, `That is not what this capture shows: ${words[one.conclusion.outcome]}.`)
    // A message that is cut short may have said what would have failed.
    const { gap } = one.capture
    return draft.status === 'pass' && one.observation.cut > 0 && gap !== null
      ? unknown('cut-short', subject, said('a capture that is cut short', one.conclusion.says), [gap])
      : draft
  })
  return [...drafts, ...unread]
}

const words: Readonly<Record<Outcome, string>> = {
  announced: 'the VIP is announced',
  'taken-over': 'the VIP went from one node to another',
  'answered-by-vpc': 'the VPC answers for the VIP',
  'several-announcers': 'several claim the VIP',
  'announced-without-owner': 'a node announces the VIP, which no interface of the account holds',
  'stale-answer': 'the VIP was answered for by what does not hold it now',
  unanswered: 'the VIP was asked for, and nobody answered',
  silence: 'nobody asked for the VIP',
  'silence-unproven': 'it is silent, and does not prove that it works',
  'says-nothing': 'it cannot tell',
}

function proofOf({ file }: RecordedCapture, { claimants, requests, messages }: Observation): Proof {
  const claims = claimants.map(
    ({ mac, unasked, answers }) => `${mac}: ${counted(unasked, 'announcement')}, ${counted(answers, 'answer')}`,
  )
  const about = [`${counted(requests, 'request')} for the VIP`, ...(claims.length === 0 ? ['no claim'] : claims)]
  return citeList(file, '', `${counted(messages, 'message')}; ${about.join('; ')}`)
}
