import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { openArchive } from '../src/evidence/archive-store.ts'
import { evidenceOf } from '../src/evidence/evidence.ts'
import { isGap } from '../src/evidence/gap.ts'
import { readManifest } from '../src/evidence/manifest.ts'
import type { Store } from '../src/evidence/store.ts'
import { UserError } from '../src/evidence/user-error.ts'
import { asMetallbReads } from '../src/lb/metallb/config-map.ts'
import { judge, targetOf } from './kit/answers.ts'
import {
  changedStore,
  editJson,
  fixtureNames,
  fixturePath,
  type Change,
  type Json,
  type Truth,
} from './kit/fixtures.ts'

// Less evidence never gives more certainty: taking a file, a node, a kind or an item of a listing away turns no unknown and no failure into a
// pass, no VIP that is not known to be reached into a reachable one, and no reachable one into an unreachable one. Over all recordings and
// public cases; LESS_EVIDENCE=all takes each thing away that there is, else a sample is drawn.

const perBundle = process.env.LESS_EVIDENCE === 'all' ? Infinity : 4

/** Items whose absence is the cluster's and not the listing's: no other listing names them. */
const changesTheCluster: Readonly<Record<string, string>> = {
  'kubernetes/services.json': 'an address without its Service is one that nothing gives a port or endpoints',
  'kubernetes/l2advertisements.metallb.io.json': 'MetalLB announces what an advertisement covers, and nothing else',
  'kubernetes/ciliumnetworkpolicies.cilium.io.json': 'a policy that is not there lets in whom no other shuts out',
  'kubernetes/ipaddresspools.metallb.io.json':
    'a pool that was deleted leaves its name in the annotation of the Service',
  'aws/describe-route-tables.json':
    'which table a subnet uses stands in the table alone; without it that is the main one',
}

/** Files that say something by not being there (docs/bundle.md), and what is no evidence. */
const saysByAbsence = /^(?:bundle|truth)\.json$|legacy-save\.txt$/

interface Removal {
  readonly what: string
  readonly changes: Readonly<Record<string, Change>>
}

function filesOf(store: Store, folder = ''): readonly string[] {
  return store.list(folder).flatMap((name) => {
    const file = folder === '' ? name : `${folder}/${name}`
    return isGap(store.read(file)) ? filesOf(store, file) : saysByAbsence.test(file) ? [] : [file]
  })
}

/** Everything that can be taken away by itself. */
function removalsOf(store: Store): readonly Removal[] {
  const files = filesOf(store)
  const folders = ['kubernetes', 'aws', 'nodes', 'captures', ...store.list('nodes').map((node) => `nodes/${node}`)]
  const ofNodes = files.filter((file) => file.startsWith('nodes/'))
  const kindOf = (file: string): string => file.split('/').slice(2).join('/')
  const kinds = [...new Set(ofNodes.map(kindOf))]
  return [
    ...files.map((file) => ({ what: file, changes: { [file]: null } })),
    ...folders.map((folder) => ({ what: `${folder}/`, changes: { [`${folder}/`]: null } })),
    ...kinds.map((kind) => ({
      what: `nodes/*/${kind}`,
      changes: Object.fromEntries(ofNodes.filter((file) => kindOf(file) === kind).map((file) => [file, null])),
    })),
    ...files.filter((file) => /^(?:aws|kubernetes)\/.*\.json$/.test(file)).flatMap((file) => itemsOf(store, file)),
  ]
}

function itemsOf(store: Store, file: string): readonly Removal[] {
  const bytes = store.read(file)
  if (isGap(bytes) || file in changesTheCluster) return []
  const answer: Json = JSON.parse(Buffer.from(bytes).toString())
  return Object.keys(answer).flatMap((member) =>
    Array.isArray(answer[member])
      ? answer[member].map((_: Json, at: number) => ({
          what: `${file} /${member}/${String(at)}`,
          changes: { [file]: editJson((value: Json) => value[member].splice(at, 1)) },
        }))
      : [],
  )
}

/** So many of them, the same ones in every run (mulberry32). */
function sample(removals: readonly Removal[], seed: number): readonly Removal[] {
  if (removals.length <= perBundle) return removals
  let state = seed
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return Array.from({ length: perBundle }, () => removals[Math.floor(random() * removals.length)]).flatMap(
    (removal) => removal ?? [],
  )
}

interface Judged {
  readonly verdict: string
  readonly statuses: ReadonlyMap<string, string>
}

/** What is said of a target; nothing where there is nothing that could be asked about (exit code 2). */
function judged(store: Store, target: string, client: string | undefined): Judged {
  const evidence = asMetallbReads(evidenceOf(store, readManifest(store, 'the bundle')))
  try {
    const { verdict, diagnoses } = judge(evidence, [target], client)
    const findings = diagnoses.flatMap((diagnosis) => diagnosis.findings)
    return { verdict, statuses: new Map(findings.map(({ id, subject, status }) => [`${id} of ${subject}`, status])) }
  } catch (error) {
    if (error instanceof UserError) return { verdict: 'not judged', statuses: new Map() }
    throw error
  }
}

/** What is more certain than before, though less is known. */
function moreCertain(whole: Judged, less: Judged): readonly string[] {
  const verdict = `${whole.verdict} became ${less.verdict}`
  const isMore =
    (whole.verdict !== 'reachable' && less.verdict === 'reachable') ||
    (whole.verdict === 'reachable' && less.verdict === 'unreachable')
  const better = [...less.statuses].flatMap(([name, status]) => {
    const before = whole.statuses.get(name)
    return status === 'pass' && (before === 'fail' || before === 'unknown') ? [`${name}: ${before} became pass`] : []
  })
  return isMore ? [verdict, ...better] : better
}

interface Case {
  readonly name: string
  readonly file: string
  readonly asked: (store: Store) => { readonly target: string; readonly client: string | undefined }
}

const wild = path.join(import.meta.dirname, '../fixtures/wild')

const cases: readonly Case[] = [
  ...fixtureNames.map((name) => ({
    name,
    file: fixturePath(name),
    asked: (store: Store) => {
      const bytes = store.read('truth.json')
      if (isGap(bytes)) throw new Error(`${name} has no truth.json`)
      const truth = JSON.parse(Buffer.from(bytes).toString()) as Truth
      return { target: targetOf(truth), client: truth.client.split(' ')[1] }
    },
  })),
  ...readdirSync(wild)
    .filter((name) => name.endsWith('.tar.gz'))
    .map((name) => ({
      name: `wild/${name.replace('.tar.gz', '')}`,
      file: path.join(wild, name),
      asked: () =>
        JSON.parse(readFileSync(path.join(wild, 'truth', name.replace('.tar.gz', '.json')), 'utf8')) as {
          readonly target: string
          readonly client: string
        },
    })),
]

test.each(cases.map((one, seed) => ({ ...one, seed })))(
  '$name: nothing that is taken away makes it more certain',
  async ({ file, asked, seed }) => {
    const store = await openArchive(file)
    const { target, client } = asked(store)
    const clients = perBundle === Infinity ? [client, 'vpc'] : [seed % 2 === 0 ? client : 'vpc']
    for (const who of clients) {
      const whole = judged(store, target, who)
      for (const { what, changes } of sample(removalsOf(store), seed)) {
        const wrong = moreCertain(whole, judged(changedStore(store, changes), target, who))
        expect({ without: what, client: who, wrong }).toEqual({ without: what, client: who, wrong: [] })
      }
    }
  },
  600_000,
)
