import { checks } from '../../../src/checks/index.ts'
import { redacted } from '../../../src/collect/redact.ts'
import { answerAs } from '../../../src/diagnosis/diagnose.ts'
import type { Policy } from '../../../src/diagnosis/gate.ts'
import { questionsFor } from '../../../src/diagnosis/targets.ts'
import { evidenceOf } from '../../../src/evidence/evidence.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { readManifest } from '../../../src/evidence/manifest.ts'
import { memoryStore, type Store } from '../../../src/evidence/store.ts'
import { UserError } from '../../../src/evidence/user-error.ts'
import { recognisedFabric } from '../../../src/fabric/recognise.ts'
import { asMetallbReads } from '../../../src/lb/metallb/config-map.ts'
import { invisible, visible } from '../../../src/net/visible.ts'
import { allReports } from '../../../src/report/all-reports.ts'
import { formatNames, formatsFor } from '../../../src/report/formats.ts'
import { plain } from '../../../src/report/paint.ts'
import type { Setting } from '../../../src/report/reporter.ts'
import { fixtureStore } from '../../kit/fixtures.ts'
import { spoilt, takesAway, type Files, type Spoil } from './spoils.ts'

/** What a whole `check` of a spoilt recording must not do. */
export interface Wrong {
  readonly bundle: string
  readonly spoils: readonly Spoil[]
  readonly what: string
}

/** A recording's files, and what is said of it while nothing is spoilt. */
export interface Recording {
  readonly name: string
  readonly files: Files
  readonly fabric: ReturnType<typeof recognisedFabric>
  readonly exitCode: number
}

const longestMs = 60_000
const mostBytes = 1024 ** 3

const recordings = new Map<string, Recording>()

export async function recordingOf(name: string): Promise<Recording> {
  const known = recordings.get(name)
  if (known !== undefined) return known
  const store = await fixtureStore(name)
  const files = new Map(filesIn(store, ''))
  files.delete('truth.json')
  const fabric = recognisedFabric(asMetallbReads(evidenceOf(store, readManifest(store, name))))
  const recording = { name, files, fabric, exitCode: checked(files, fabric) }
  recordings.set(name, recording)
  return recording
}

function filesIn(store: Store, folder: string): (readonly [string, Uint8Array])[] {
  return store.list(folder).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`
    const inside = filesIn(store, path)
    const bytes = inside.length === 0 ? store.read(path) : null
    return bytes === null ? inside : isGap(bytes) ? [] : [[path, bytes] as const]
  })
}

/** Checks a spoilt recording in every format, and redacts it; null where all is well. */
export function wrongOf({ name, files, fabric, exitCode: before }: Recording, spoils: readonly Spoil[]): Wrong | null {
  const wrong = (what: string): Wrong => ({ bundle: name, spoils, what })
  const start = process.cpuUsage()
  const { rss: held } = process.memoryUsage()
  const after = spoilt(files, spoils)
  let code: number
  try {
    code = checked(after, fabric)
    redacted(new Map([...after, ['bundle.json', files.get('bundle.json') ?? Buffer.from('{}')]])) // that one a collection makes itself
  } catch (error) {
    return wrong(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const { user, system } = process.cpuUsage(start)
  const took = (user + system) / 1000
  if (took > longestMs) return wrong(`took ${took.toFixed(0)} ms`)
  const grown = process.memoryUsage().rss - held
  if (grown > mostBytes) return wrong(`takes ${String(Math.round(grown / 1024 ** 2))} MiB`)
  return before !== 0 && code === 0 && spoils.every(takesAway) ? wrong('reachable, from less') : null
}

/** What `check` of a bundle ends with, as src/commands/check.ts has it. The fabric is told, as with `--fabric`: it may be what is taken away. */
function checked(files: Files, fabric: Recording['fabric']): number {
  try {
    const store = memoryStore(files)
    const evidence = asMetallbReads(evidenceOf(store, readManifest(store, 'bundle')))
    recognisedFabric(evidence)
    const asked = { client: { kind: 'vpc' }, fabric, vpcId: null } as const
    const { questions, gaps } = questionsFor(evidence, [], asked)
    const policy: Policy = { failOn: 'fail', allowUnknown: false, required: [], acceptances: [], day: null }
    const setting: Setting = {
      ...{ checks, evidence, failOn: 'fail', acceptanceOf: () => null },
      ...{ reading: { from: 'bundle', path: 'bundle' }, tool: { name: 'vipdoctor', version: '0' } },
    }
    const formats = formatsFor(plain, { all: true, verbose: true, short: false })
    const reports = allReports(
      formatNames.map((format) => formats[format].report(setting)),
      policy,
    )
    const answer = answerAs(reports.diagnosis, checks, evidence, questions, gaps, true)
    const { gate, texts } = reports.whole(answer, null)
    for (const chunk of texts.flatMap((text) => [...text])) {
      const found = invisible.exec(chunk.replaceAll(ours, ''))
      if (found !== null) throw new Error(`a report has ${visible(found[0])} in it`)
    }
    if ((gate.exitCode === 1) !== (answer.verdict === 'unreachable')) throw new Error('exit code 1 without a verdict')
    return gate.exitCode
  } catch (error) {
    if (error instanceof UserError) return 2
    throw error
  }
}

/** Line ends, tabs, and what asks for the coloured form of a sign. */
const ours = /\n|\t|\uFE0F/g
