import type { Proof } from '../evidence/cite.ts'
import type { Gap } from '../evidence/gap.ts'
import type { Hop } from './hop.ts'

/** `unknown`: a gap is in the way. `skipped`: does not apply, and says why. */
export type Status = 'pass' | 'warn' | 'fail' | 'unknown' | 'skipped'

/** A gap as a reader needs it: a path of the bundle layout, and why it could not be read. */
export type Unread = Pick<Gap, 'source' | 'reason'>

/** Lines for a shell on the user's own machine (what must run on a node begins with `ssh NODE sudo`), and what else they change. Never run by this program. */
export interface Fix {
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
  readonly says: string
  readonly proof: readonly Proof[]
  readonly fix: Fix | null
  /** The explanation code of AWS Reachability Analyzer that means the same, where there is one. */
  readonly awsCode?: string
  /** What could not be read and stands in the way of an `unknown`. */
  readonly gaps?: readonly Unread[]
}

/** What a check returns: a finding without what the runner knows (id and hop), plus what only the diagnosis needs. */
export interface Draft extends Omit<Finding, 'id' | 'hop'> {
  /** Whether a failure stops the packet; overrides the check's own `blocks`, for a check whose failures differ. */
  readonly blocks?: boolean
  /** True where a part of the packets dies and a part gets through: the verdict is then inconclusive, and `says` names the parts. */
  readonly partial?: boolean
  /** Ids of checks whose failure explains this one, besides the check's own `consequenceOf`. */
  readonly consequenceOf?: readonly string[]
}

interface More {
  readonly fix?: Fix
  readonly awsCode?: string
  readonly blocks?: boolean
  readonly partial?: boolean
  readonly consequenceOf?: readonly string[]
}

const draft = (
  status: Status,
  reason: string,
  subject: string,
  says: string,
  proof: readonly Proof[],
  more: More = {},
): Draft => ({
  status,
  reason,
  subject,
  says,
  proof,
  ...more,
  fix: more.fix ?? null,
})

export const pass = (reason: string, subject: string, says: string, proof: readonly Proof[]): Draft =>
  draft('pass', reason, subject, says, proof)

export const warn = (reason: string, subject: string, says: string, proof: readonly Proof[], more?: More): Draft =>
  draft('warn', reason, subject, says, proof, more)

/** A failure always says how to mend it; `fix` is null only where nothing that can be typed would. */
export const fail = (
  reason: string,
  subject: string,
  says: string,
  proof: readonly Proof[],
  fix: Fix | null,
  more?: Omit<More, 'fix'>,
): Draft => draft('fail', reason, subject, says, proof, fix === null ? more : { ...more, fix })

/** `says` says what cannot be told; the reports name the gaps beside it. */
export const unknown = (
  reason: string,
  subject: string,
  says: string,
  gaps: readonly Gap[],
  proof: readonly Proof[] = [],
  more?: More,
): Draft => ({ ...draft('unknown', reason, subject, says, proof, more), ...(gaps.length === 0 ? {} : { gaps }) })

export const skipped = (reason: string, subject: string, says: string): Draft =>
  draft('skipped', reason, subject, says, [])
