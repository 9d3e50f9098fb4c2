import { expect, test } from '@jest/globals'
import { checks } from '../../../src/checks/index.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { answer } from '../../../src/diagnosis/diagnose.ts'
import { fixture, fixtureStore, truthOf, variant } from '../../kit/fixtures.ts'
import { ask, runCheck } from '../../kit/ask.ts'

const recordings = [
  'hard-way-l2',
  'hard-way-four-faults',
  'overlay-no-route',
  'overlay-source-dest-check',
  'etp-local-moved',
]
const judged = checks.filter(({ id }) => /^(delivery|admission|forwarding|return|control)\//.test(id))
const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']

/** The worst that each check says of each node: a check that speaks of more nodes is not better for it. */
function statuses(evidence: Evidence, vip: string, client: string): ReadonlyMap<string, string> {
  const receiving = { by: 'candidate', nodes } as const
  const rank = ['pass', 'skipped', 'warn', 'unknown', 'fail']
  return new Map(
    judged.map((check) => {
      const drafts =
        check.each === 'endpoint'
          ? nodes.flatMap((node) => runCheck(check, ask(evidence, { target: vip, client, receiving }), node))
          : runCheck(check, ask(evidence, { target: vip, client, receiving }))
      const worst = Math.max(...drafts.map(({ status }) => rank.indexOf(status)), 0)
      return [check.id, rank[worst] ?? 'pass']
    }),
  )
}

/** What the program says of it, with the receiving nodes that it finds itself. */
function verdictOf(evidence: Evidence, vip: string, client: string): string {
  const { question } = ask(evidence, { target: vip, client })
  return answer(checks, evidence, [question], []).verdict
}

test.each(recordings.flatMap((name) => ['vpc', '10.240.1.50', 'internet'].map((client) => [name, client] as const)))(
  '%s: whatever is taken away, no failure and no doubt turns into a pass, for client %s',
  async (name, client) => {
    const { vip } = await truthOf(name)
    const before = statuses(await fixture(name), vip ?? '', client)
    const store = await fixtureStore(name)
    const files = [
      ...store.list('aws').map((file) => `aws/${file}`),
      ...['nodes', 'pods', 'endpointslices.discovery.k8s.io', 'ipaddresspools.metallb.io'].map(
        (kind) => `kubernetes/${kind}.json`,
      ),
      ...nodes.map((node) => `nodes/${node}/`),
    ]
    for (const file of files) {
      const after = statuses(await variant(name, { [file]: null }), vip ?? '', client)
      const better = [...before].filter(
        ([id, status]) => (status === 'fail' || status === 'unknown') && after.get(id) === 'pass',
      )
      expect({ file, better }).toEqual({ file, better: [] })
      if (client === 'vpc')
        expect({ file, verdict: verdictOf(await variant(name, { [file]: null }), vip ?? '', client) }).not.toEqual({
          file,
          verdict: 'reachable',
        })
    }
  },
)
