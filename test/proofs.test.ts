import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { diagnosisOfFixture } from './kit/answers.ts'
import { fixtureNames, fixtureStore } from './kit/fixtures.ts'
import { reasonsOf } from '../scripts/reasons.ts'
import { lost } from './kit/proofs.ts'

/** What the runner says of a check that it does not run: docs/json.md. */
const [, shared = ''] = /\nSome reasons are the same(.*?)\n\nThe same evidence/s.exec(
  readFileSync(new URL('../docs/json.md', import.meta.url), 'utf8'),
) ?? ['', '']
const ofTheRunner = new Set([...shared.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name))

describe.each(fixtureNames)('%s', (name) => {
  test('each proof of each finding stands where it says', async () => {
    const store = await fixtureStore(name)
    const lostProofs = []
    for (const client of [undefined, 'vpc']) {
      const { findings } = await diagnosisOfFixture(name, client)
      for (const { id, reason, proof } of findings)
        for (const one of proof) {
          const why = lost(store, one)
          if (why !== null) lostProofs.push({ id, reason, ...one, why })
        }
    }
    expect(lostProofs).toEqual([])
  })
  test('each reason is one that docs/findings lists', async () => {
    const { findings } = await diagnosisOfFixture(name)
    const strays = findings.filter(({ id, reason }) => {
      const plain = reason.replace(/^perhaps-|-in-part$/g, '')
      return !ofTheRunner.has(reason) && ![reason, plain].some((one) => reasonsOf(id).includes(one))
    })
    expect(strays.map(({ id, reason }) => `${id} ${reason}`)).toEqual([])
  })
})
