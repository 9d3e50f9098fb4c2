import type { Diagnosis, Finding } from './doctor.ts'
import { allConnected as allOf, type Seen } from './lab.ts'
import type { Wire } from './wire.ts'

// What is right about a diagnosis, by data alone.

type Mending =
  | 'mended'
  /** The printed commands change nothing by themselves: the user has to choose. */
  | 'advice'
  /** They were to change something, and the client still does not connect. */
  | 'not mended'
  /** Nothing was broken on this packet's way. */
  | 'nothing to mend'

export interface Row {
  readonly fabric: string
  readonly mode: string
  readonly fault: string
  readonly client: string
  readonly expected: readonly string[]
  readonly also: readonly string[]
  readonly healthy: boolean
  readonly seen: Seen
  readonly verdict: string
  readonly causes: readonly string[]
  readonly alsoWrong: readonly string[]
  /** Every finding that warns or fails, of any rank. */
  readonly named: readonly string[]
  /** What was expected on the wire and heard there; null where nobody listened. */
  readonly wire: { readonly expected: readonly string[]; readonly was: Wire } | null
  readonly mending: Mending
  /** Why it is a miss, where that is known. */
  readonly open: string | null
  readonly commands: readonly string[]
  /** How often vipdoctor was asked until its commands had mended all: a mended fault may show the next one. */
  readonly rounds: number
  /** Seconds of each step. */
  readonly times: Readonly<Record<Step, number>>
}

export type Step = 'broken' | 'judged' | 'heard' | 'mended' | 'restored'

/** Reachable where every try connected, unreachable where none did; of a part neither is said. */
export const rightVerdict = ({ seen, verdict }: Row): boolean =>
  verdict === (allOf(seen) ? 'reachable' : seen.connected === 0 ? 'unreachable' : 'inconclusive')

/** The causes are those that were made, in their order, and what had to be said besides is there. */
export const rightCause = (row: Row): boolean =>
  row.causes.join() === row.expected.join() && row.also.every((id) => row.named.includes(id))

/** `capture arp` calls fine what one host holds and nothing else, and names nobody but the holder; several at once are a fault. */
function rightlyHeard({ expected, was: { holder, heard } }: NonNullable<Row['wire']>): boolean {
  if (expected.includes('wire/several-announcers'))
    return heard.verdict === 'fault' && heard.claimants.length > 1 && heard.claimants.includes(holder ?? '')
  return (heard.verdict === 'fine') === (holder !== null) && heard.claimants.every((host) => host === holder)
}

/** On the wire: what `capture arp` heard is so; `check --capture` says the same as without, and what had to be heard. */
export const rightWire = (row: Row): boolean =>
  row.wire === null ||
  (rightlyHeard(row.wire) &&
    row.wire.was.verdict === row.verdict &&
    row.wire.was.causes.join() === row.causes.join() &&
    row.wire.expected.every((id) => row.wire?.was.named.includes(id)))

/** A cause, or something broken besides, where nothing is broken. */
export const falseAlarms = (row: Row): readonly string[] => (row.healthy ? [...row.causes, ...row.alsoWrong] : [])

/** The lab did not break what it meant to break: the row says nothing about the program under test. */
export const tookHold = ({ expected, seen }: Row): boolean =>
  expected.length === 0 ? allOf(seen) : seen.connected === 0

const looks =
  /^(ssh \S+ sudo )?(kubectl( -n \S+)? (get|describe|logs|explain|rollout status|events?)|aws ec2 (describe|get)-|iptables(-\w+)?(-save)? .*(-[SL]|-save)|iptables\S*-save|nft( -a)? list|ip( -\S+)* (addr|route|link|neigh|rule)( (show|get|list)\b| *$)|ss |sysctl [^-]|ls |cat |journalctl|systemctl (status|cat|is-active)|tcpdump|vipdoctor)/

/** Whether a printed command only shows something, or waits for a choice: an editor and the copy before it, a word in `<…>` to be filled in. */
export const isAdvice = (command: string): boolean =>
  looks.test(command) || / edit | sudo (vi|cp) /.test(command) || /<[a-z][a-z-]*>/.test(command)

export const fixesOf = ({ causes }: Diagnosis): readonly string[] =>
  causes.flatMap(({ fix }: Finding) => fix?.commands ?? [])

export const idsOf = (findings: readonly Finding[], status?: string): readonly string[] => [
  ...new Set(findings.filter((one) => status === undefined || one.status === status).map(({ id }) => id)),
]
