import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openArchive } from '../src/evidence/archive-store.ts'
import { evidenceOf } from '../src/evidence/evidence.ts'
import { readManifest } from '../src/evidence/manifest.ts'
import { asMetallbReads } from '../src/lb/metallb/config-map.ts'
import { diagnosisOf } from './kit/answers.ts'

const folder = new URL('../fixtures/wild/', import.meta.url)
const names = readdirSync(folder).flatMap((name) => /^(.*)\.tar\.gz$/.exec(name)?.[1] ?? [])

interface WildTruth {
  readonly target: string
  readonly client: string
  /** Several are right by `|`. */
  readonly verdict: string
  /** The ids that may stand first among the causes of an unreachable VIP. */
  readonly first: readonly string[]
}

test.each(names)('%s is judged as its truth says', async (name) => {
  const truth = JSON.parse(readFileSync(new URL(`truth/${name}.json`, folder), 'utf8')) as WildTruth
  const store = await openArchive(fileURLToPath(new URL(`${name}.tar.gz`, folder)))
  const evidence = asMetallbReads(evidenceOf(store, readManifest(store, name)))
  const { verdict, causes, findings } = diagnosisOf(evidence, truth.target, truth.client)
  expect(truth.verdict.split('|')).toContain(verdict)
  if (verdict === 'unreachable') expect(truth.first).toContain(causes[0]?.id)
  if (verdict === 'inconclusive' && truth.first.length > 0)
    expect(findings.filter(({ status }) => status === 'unknown' || status === 'fail').map(({ id }) => id)).toEqual(
      expect.arrayContaining([expect.stringMatching(new RegExp(truth.first.join('|')))]),
    )
})
