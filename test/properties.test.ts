import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checks } from '../src/checks/index.ts'
import { answer } from '../src/diagnosis/diagnose.ts'
import type { Answer } from '../src/diagnosis/diagnosis.ts'
import { parseTarget, questionsFor } from '../src/diagnosis/targets.ts'
import { evidenceOf } from '../src/evidence/evidence.ts'
import { isGap } from '../src/evidence/gap.ts'
import { asMetallbReads } from '../src/lb/metallb/config-map.ts'
import { readManifest } from '../src/evidence/manifest.ts'
import type { Store } from '../src/evidence/store.ts'
import { recognisedFabric } from '../src/fabric/recognise.ts'
import { fraction } from './lab/fuzz/mutations.ts'
import { targetOf } from './kit/answers.ts'
import { changedStore, fixture, fixtureStore, truthOf, type Change } from './kit/fixtures.ts'

/** Recordings of every kind of fault and of none; all of them would take minutes. */
const names = [
  'hard-way-healthy',
  'hard-way-four-faults',
  'etp-local-moved',
  'lan-forward-reject',
  'nftables-source-ranges',
  'control-plane-vip-moved',
  'overlay-source-dest-check',
] as const

/** Files that say something by not being there, or without which nothing is asked. */
const needed = new Set(['bundle.json', 'truth.json', 'kubernetes/services.json'])

function filesOf(store: Store, folder = ''): string[] {
  return store.list(folder).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`
    return isGap(store.read(path))
      ? filesOf(store, path)
      : needed.has(path) || path.endsWith('iptables-legacy-save.txt')
        ? []
        : [path]
  })
}

async function judged(name: string, changes: Readonly<Record<string, Change>>): Promise<Answer> {
  const truth = await truthOf(name)
  const store = changedStore(await fixtureStore(name), changes)
  const evidence = asMetallbReads(evidenceOf(store, readManifest(store, name)))
  // Without the account's files the fabric would be taken for a LAN: here it is told, as a user would with --fabric.
  const asked = { client: { kind: 'vpc' }, fabric: recognisedFabric(await fixture(name)), vpcId: null } as const
  const { questions, gaps } = questionsFor(evidence, [parseTarget(targetOf(truth))], asked)
  return answer(checks, evidence, questions, gaps)
}

describe.each(names)('%s', (name) => {
  test('taking evidence away never makes an unreachable VIP reachable, and never throws', async () => {
    const files = filesOf(await fixtureStore(name))
    const whole = await judged(name, {})
    await fc.assert(
      fc.asyncProperty(fc.subarray(files, { minLength: 1 }), async (gone) => {
        const less = await judged(name, Object.fromEntries(gone.map((file) => [file, null])))
        expect(whole.verdict !== 'reachable' && less.verdict === 'reachable').toBe(false)
      }),
      { numRuns: 15 },
    )
  })

  test('cutting a file anywhere never makes an unreachable VIP reachable, and never throws', async () => {
    const files = filesOf(await fixtureStore(name))
    const whole = await judged(name, {})
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), fraction, async (file, part) => {
        const less = await judged(name, { [file]: (text) => text.slice(0, Math.floor(text.length * part)) })
        expect(whole.verdict !== 'reachable' && less.verdict === 'reachable').toBe(false)
      }),
      { numRuns: 30 },
    )
  })

  test('the order of what kubectl and aws print does not matter', async () => {
    const files = filesOf(await fixtureStore(name)).filter((file) => /^(aws|kubernetes)\/.*\.json$/.test(file))
    const whole = await judged(name, {})
    const turned = await judged(name, Object.fromEntries(files.map((file) => [file, reversed])))
    const causes = ({ diagnoses }: Answer) => diagnoses.flatMap((diagnosis) => diagnosis.causes.map(({ id }) => id))
    expect({ verdict: turned.verdict, causes: causes(turned) }).toEqual({
      verdict: whole.verdict,
      causes: causes(whole),
    })
  })
})

/** Reverses the one list that a listing holds. */
function reversed(text: string): string {
  const value = JSON.parse(text)
  for (const key of Object.keys(value)) if (Array.isArray(value[key])) value[key].reverse()
  return JSON.stringify(value)
}
