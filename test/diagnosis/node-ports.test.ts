import { describe, expect, test } from '@jest/globals'
import { judge, targetOf } from '../kit/answers.ts'
import { fixture, fixtureNames, truthOf } from '../kit/fixtures.ts'

describe.each(fixtureNames)('%s', (name) => {
  test('the verdict at every node’s NodePort is what the bastion saw there', async () => {
    const truth = await truthOf(name)
    const saw = Object.entries(truth.nodePort?.bastionSaw ?? {})
    if (saw.length === 0) return
    const [service] = truth.service === null ? [] : [truth.service]
    const { diagnoses } = judge(await fixture(name), [service ?? targetOf(truth)], '10.240.0.50', true)
    const judged = new Map(diagnoses[0]?.nodePorts?.map(({ node, verdict, path }) => [node, { verdict, path }]))
    for (const [node, what] of saw) {
      const verdict = judged.get(node)?.verdict
      const truly = what.startsWith('connected') ? 'reachable' : 'unreachable'
      // One of two endpoints may be cut off: then one try proves little, and the verdict says so.
      const fits = verdict === truly || (name === 'overlay-source-dest-check' && verdict === 'inconclusive')
      expect({ node, what, verdict, path: fits ? [] : judged.get(node)?.path, fits }).toMatchObject({
        node,
        fits: true,
        path: [],
      })
    }
  })
})

test('they never change the verdict about the VIP', async () => {
  const evidence = await fixture('lan-no-kube-proxy-on-announcer')
  const [plain, besides] = [judge(evidence, []), judge(evidence, [], 'vpc', true)]
  expect(besides.verdict).toBe(plain.verdict)
  expect(besides.diagnoses.map(({ causes }) => causes.map(({ id }) => id))).toEqual(
    plain.diagnoses.map(({ causes }) => causes.map(({ id }) => id)),
  )
  expect(plain.diagnoses[0]?.nodePorts).toBeNull()
})
