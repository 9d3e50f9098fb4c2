import type { Proof } from '../evidence/cite.ts'
import type { Gap } from '../evidence/gap.ts'
import { printable, type Remedy } from '../net/remedy.ts'
import type { VipTrace } from '../journey/vip-trace.ts'
import type { Journey } from '../node/vip-trace.ts'
import type { Hop } from './hop.ts'

export type { Remedy } from '../net/remedy.ts'

/** `unknown`: a gap is in the way. `skipped`: does not apply, and says why. */
export type Status = 'pass' | 'warn' | 'fail' | 'unknown' | 'skipped'

/** A gap as a reader needs it: a path of the bundle layout, and why it could not be read. */
export type Unread = Pick<Gap, 'source' | 'reason'>

/**
 * Lines that mend, for a shell on the user's own machine (what must run on a node begins with `ssh NODE sudo`): what they do in a few
 * words, and what they change besides. Never run by this program.
 */
interface Fix {
  readonly summary: string
  readonly commands: readonly string[]
  readonly changes: string
}

/** What a check says about one subject (`kind/name`), in one sentence that names the objects. */
export interface Finding {
  readonly id: string
  readonly hop: Hop
  readonly status: Status
  /** Which of the sentences of its check `says` is: stable for ever, in kebab-case; decide on this and never on the sentence. */
  readonly reason: string
  readonly subject: string
  /** The same in at most 48 characters, for a line of the path: no full stop, no names that stand beside it anyway. */
  readonly brief: string
  readonly says: string
  readonly proof: readonly Proof[]
  /** Lines that only look: what to type to see it, or to find what mends it. */
  readonly look: readonly string[]
  readonly fix: Fix | null
  /** What is left to the user's own hands. */
  readonly advice?: string
  /** Why a line that would help is not printed: a value in it that no name could be. */
  readonly refused?: readonly string[]
  /** The explanation code of AWS Reachability Analyzer that means the same, where there is one. */
  readonly awsCode?: string
  /** What could not be read and stands in the way of an `unknown`. */
  readonly gaps?: readonly Unread[]
}

/** Journeys of a trace that never end well. */
export interface Lost {
  readonly trace: VipTrace
  readonly journeys: readonly Journey[]
}

/** What a check returns: a finding without what the runner knows (id and hop), plus what only the diagnosis needs. */
export interface Draft extends Omit<Finding, 'id' | 'hop'> {
  /** Whether a failure stops the packet; overrides the check's own `blocks`, for a check whose failures differ. */
  readonly blocks?: boolean
  /** True where a part of the packets dies and a part gets through: the verdict is then inconclusive, and `says` names the parts. */
  readonly partial?: boolean
  /** Of a part: which journeys are lost, for certain. With what other checks say they may be all. */
  readonly lost?: Lost
  /** Ids of checks whose failure explains this one, besides the check's own `consequenceOf`. */
  readonly consequenceOf?: readonly string[]
}

/** A sentence with the same in at most 48 characters. */
export interface Told {
  readonly brief: string
  readonly says: string
}

/** The same; or a plain sentence of what is well, which is its own brief, cut. */
export type Said = string | Told

/** A sentence with its brief of at most 48 characters, for what is not well. */
export const said = (brief: string, says: string): Told => ({ brief, says })

interface More {
  readonly fix?: Remedy
  readonly awsCode?: string
  readonly blocks?: boolean
  readonly partial?: boolean
  readonly lost?: Lost
  readonly consequenceOf?: readonly string[]
}

const draft = (
  status: Status,
  reason: string,
  subject: string,
  says: Said,
  proof: readonly Proof[],
  more?: More,
): Draft => {
  const [brief, sentence] = typeof says === 'string' ? [briefOf(says), says] : [briefOf(says.brief), says.says]
  const bare = { status, reason, subject, brief, says: sentence, proof, look: nothing, fix: null }
  // Most findings mend nothing, and of many VIPs there are a million.
  if (more === undefined) return bare
  const { fix = {}, ...others } = more
  return { ...bare, ...others, ...remedyOf(fix) }
}

const nothing: readonly string[] = Object.freeze([])

/** A line of the path has room for so many characters. */
export const longestBrief = 48

/** The beginning of a sentence, cut at a word. */
function briefOf(says: string): string {
  const last = says.at(-1)
  const text = last === '.' || last === '!' || last === '?' ? says.slice(0, -1) : says
  if (text.length <= longestBrief) return text
  return `${text.slice(0, longestBrief - 1).replace(/[\s,:;]+\S*$/, '')}…`
}

function remedyOf({ look = [], summary = '', commands = [], changes = '', advice }: Remedy) {
  const looks = printable(look)
  const mends = printable(commands)
  const refused = [...new Set([...looks.refused, ...mends.refused])]
  return {
    look: looks.lines,
    // A part of a fix mends nothing: where one of its lines cannot be printed, none is.
    fix: mends.lines.length === 0 || mends.refused.length > 0 ? null : { summary, commands: mends.lines, changes },
    ...(advice === undefined ? {} : { advice }),
    ...(refused.length === 0 ? {} : { refused }),
  }
}

/** What is as it should be, with the proof of it. */
export const pass = (reason: string, subject: string, says: Said, proof: readonly Proof[]): Draft =>
  draft('pass', reason, subject, says, proof)

/** What is not as it should be and stops nothing by itself. */
export const warn = (reason: string, subject: string, says: Told, proof: readonly Proof[], more?: More): Draft =>
  draft('warn', reason, subject, says, proof, more)

/** A failure always says how to mend it, or at least where to look; the remedy is null only where nothing that can be typed would help. */
export const fail = (
  reason: string,
  subject: string,
  says: Told,
  proof: readonly Proof[],
  fix: Remedy | null,
  more?: Omit<More, 'fix'>,
): Draft => draft('fail', reason, subject, says, proof, fix === null ? more : { ...more, fix })

/** `says` says what cannot be told; the reports name the gaps beside it. */
export const unknown = (
  reason: string,
  subject: string,
  says: Told,
  gaps: readonly Gap[],
  proof: readonly Proof[] = [],
  more?: More,
): Draft => {
  const told = draft('unknown', reason, subject, says, proof, more)
  return gaps.length === 0 ? told : { ...told, gaps }
}

/** What does not apply, and why; it has no proof. */
export const skipped = (reason: string, subject: string, says: Said): Draft =>
  draft('skipped', reason, subject, says, [])
