import { setTimeout as sleep } from 'node:timers/promises'
import type { Check } from '../checks/check.ts'
import type { KeptSource } from '../collect/live.ts'
import { answer } from '../diagnosis/diagnose.ts'
import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import { gateOf, weighForGate, type Policy } from '../diagnosis/gate.ts'
import type { Questions } from '../diagnosis/targets.ts'
import { ownerOf, titleOf } from '../diagnosis/title.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap } from '../evidence/gap.ts'
import { endWith, exitCodes, say } from './exit.ts'
import { onInterrupt } from './interrupt.ts'

/** Between two readings: what converges does so in seconds, and an API server is not to be kept busy by waiting. */
const pauseMs = 3000

/** What stands at a place now; `key` changes where that is news, `brief` says it. What is well is told only where it was not. */
interface Standing {
  readonly place: string
  readonly well: boolean
  readonly key: string
  readonly brief: string
}

/** What stands at the hops of each VIP's path, by what stays the same while a Service gets its address: whose VIP it is, the port, the hop. */
type Standings = ReadonlyMap<string, Standing>

/** One reading, judged: whether it is what is waited for, what stands where, and which sources had no part in what is not well. */
export interface Round {
  readonly well: boolean
  readonly standings: Standings
  readonly idle: readonly KeptSource[]
}

interface Waiting<Live> {
  readonly waitMs: number
  /** Reads again, but for the sources that may be kept of an earlier reading; null where Ctrl-C ended it. */
  readonly read: (kept: { readonly of: Live; readonly sources: readonly KeptSource[] } | null) => Promise<Live | null>
  readonly judge: (live: Live) => Round
  readonly tell: (line: string) => void
  readonly now: () => number
  /** Waits so many milliseconds, or until the signal. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/**
 * Reads until all is well or the time is over, and tells each change; gives the last reading, which is whole: nothing in it is kept of an
 * earlier one. Null where Ctrl-C ended it.
 *
 * @throws whatever reading or judging throws: what cannot mend itself is not waited for.
 */
export async function untilWell<Live>(waiting: Waiting<Live>): Promise<Live | null> {
  // From the beginning to the end: what happens between two readings is not killed by Ctrl-C either.
  const { signal, release } = onInterrupt()
  try {
    return await rounds(waiting, signal)
  } finally {
    release()
  }
}

async function rounds<Live>(
  { waitMs, read, judge, tell, now, pause = paused }: Waiting<Live>,
  signal: AbortSignal,
): Promise<Live | null> {
  const start = now()
  const left = (): number => waitMs - (now() - start)
  const interrupted = (): boolean => signal.aborted
  let live: Live | null = null
  let sources: readonly KeptSource[] = []
  let before: Standings = new Map()
  for (;;) {
    const kept = live === null || sources.length === 0 ? null : { of: live, sources }
    const next = await read(kept)
    if (next === null) return null
    live = next
    // Interrupted while it read, and it came back: the flags ask for what was read until then.
    if (interrupted()) return live
    const { well, standings, idle } = judge(live)
    const at = Math.round((now() - start) / 1000)
    for (const change of changes(before, standings)) tell(`${String(at)} s: ${change}`)
    before = standings
    if ((well || left() <= 0) && kept === null) return live
    // What was kept may have changed meanwhile: neither a good end nor the last report rests on it.
    sources = well || left() <= pauseMs ? [] : idle
    if (!well && left() > 0) await pause(Math.min(pauseMs, left()), signal)
    if (interrupted()) {
      say('vipdoctor: interrupted.')
      endWith(exitCodes.interrupted)
      return null
    }
  }
}

const paused = (ms: number, signal: AbortSignal): Promise<unknown> =>
  sleep(ms, undefined, { signal }).catch(() => undefined)

function changes(before: Standings, after: Standings): readonly string[] {
  const changed = [...after].flatMap(([at, { place, well, key, brief }]) => {
    const old = before.get(at)
    if (old === undefined) return well ? [] : [`${place}: ${brief}`]
    return old.key === key ? [] : [`${place}: ${old.brief} → ${brief}`]
  })
  const gone = [...before].flatMap(([at, { place }]) => (after.has(at) ? [] : [`${place}: gone`]))
  return [...changed, ...gone]
}

/**
 * Judges one reading by the policy of the run. Where the API server gave no Services, or nothing has a VIP yet, there is nothing to judge:
 * that may come. `ask` gives the questions, null where there are none yet.
 *
 * @throws whatever `ask` throws
 */
export function roundOf(
  checks: readonly Check[],
  evidence: Evidence,
  policy: Policy,
  ask: () => Questions | null,
): Round {
  const { services } = evidence.kubernetes
  if (isGap(services)) return nothingYet('the API server', services.reason)
  const asked = ask()
  if (asked === null) return nothingYet('the cluster', 'has no VIP')
  const judged = answer(checks, evidence, asked.questions, asked.gaps)
  const { exitCode } = gateOf(policy, {
    ...judged,
    diagnoses: judged.diagnoses.map((diagnosis) => weighForGate(policy, diagnosis)),
  })
  return {
    well: exitCode === 0,
    standings: standingsOf(judged.diagnoses),
    idle: idleSources(checks, judged.diagnoses),
  }
}

const nothingYet = (place: string, brief: string): Round => ({
  well: false,
  standings: new Map([[place, { place, well: false, key: brief, brief }]]),
  idle: ['aws', 'nodes'],
})

/** What stands on the paths of what was judged. */
function standingsOf(diagnoses: readonly Diagnosis[]): Standings {
  const told = new Map<string, number>()
  return new Map(
    diagnoses.flatMap(({ question, verdict, path }) => {
      const place = titleOf(question)
      const owned = `${ownerOf(question)} ${question.port.protocol} ${question.port.port}`
      const number = (told.get(owned) ?? 0) + 1
      told.set(owned, number)
      const at = `${owned} ${number}`
      return [
        [at, { place, well: verdict === 'reachable', key: verdict, brief: verdict }] as const,
        ...path
          .filter(({ status }) => status !== 'skipped')
          .map(({ hop, status, id, brief }): [string, Standing] => [
            `${at} ${hop}`,
            { place: `${place}: ${hop}`, well: status === 'pass', key: `${status} ${id ?? ''}`, brief },
          ]),
      ]
    }),
  )
}

/** The sources that no check reads which found something wrong, or could not know. */
function idleSources(checks: readonly Check[], diagnoses: readonly Diagnosis[]): readonly KeptSource[] {
  const unwell = new Set(
    diagnoses.flatMap(({ findings }) =>
      findings.flatMap(({ id, status }) => (status === 'fail' || status === 'unknown' ? [id] : [])),
    ),
  )
  const kinds = checks
    .filter(({ id }) => unwell.has(id))
    .flatMap(({ needs, alsoReads = [] }) => [...needs, ...alsoReads])
  return (['aws', 'nodes'] as const).filter(
    (source) => !kinds.some((kind) => kind.startsWith(source === 'aws' ? 'aws/' : 'node/')),
  )
}
