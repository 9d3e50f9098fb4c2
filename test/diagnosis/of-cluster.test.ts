import { expect, test } from '@jest/globals'
import type { Draft } from '../../src/checks/finding.ts'
import { checks } from '../../src/checks/index.ts'
import { everyQuestion } from '../../src/diagnosis/targets.ts'
import { whySkipped } from '../../src/diagnosis/run-checks.ts'
import { parseClient } from '../../src/diagnosis/client.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
import { receivingNodes } from '../../src/journey/receiving.ts'
import { byBgp, peer } from '../kit/bgp.ts'
import { fixtureNames, variant } from '../kit/fixtures.ts'

const ofCluster = checks.filter((check) => check.ofCluster === true)

test('what a check says of the cluster or of a node alone is the same whatever VIP, port and client are asked about', async () => {
  const asked = new Map<string, number>()
  // No recording of a bundle has a peer of MetalLB's.
  const cases = [
    ...fixtureNames.map((name) => [name, {}] as const),
    ['lan-healthy', byBgp({ peers: [peer('router', '10.240.0.1')] })] as const,
  ]
  for (const [name, changes] of cases) {
    const evidence = await variant(name, changes)
    const contexts = ['vpc', 'internet'].flatMap((client) =>
      everyQuestion(evidence, { client: parseClient(client), fabric: recognisedFabric(evidence), vpcId: null }).map(
        (question) => ({ evidence, question, receiving: receivingNodes(evidence, question), node: null }),
      ),
    )
    for (const check of ofCluster) {
      const runs = contexts.filter((context) => whySkipped(check, context) === null)
      const ofEach: readonly (readonly (readonly Draft[])[])[] =
        check.each === undefined
          ? [runs.map((context) => check.run(context))]
          : evidence.nodeNames.map((node) => runs.map((context) => check.run({ ...context, node })))
      for (const [first, ...others] of ofEach) {
        for (const drafts of others) expect([name, check.id, drafts]).toEqual([name, check.id, first])
        asked.set(check.id, (asked.get(check.id) ?? 0) + others.length)
      }
    }
  }
  expect(ofCluster.filter(({ id }) => (asked.get(id) ?? 0) === 0).map(({ id }) => id)).toEqual([])
})
