import { describe, expect, test } from '@jest/globals'
import { diagnosisOfFixture } from './kit/answers.ts'
import { fixtureNames, fixtureStore } from './kit/fixtures.ts'
import { lost } from './kit/proofs.ts'

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
})
