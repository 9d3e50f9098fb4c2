import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixtureStore, variant } from '../../kit/fixtures.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/hostname-override'

/** worker-0 of a Service with policy Local, with the name and (where `rules` is given) the rules of another node. */
async function confused(name: string, rules?: string) {
  const other =
    rules === undefined ? null : (await fixtureStore('etp-local')).read(`nodes/${rules}/iptables-nft-save.txt`)
  if (isGap(other)) throw new Error(other.reason)
  return variant('etp-local', {
    'nodes/worker-0/kube-proxy-config.yaml': (text) =>
      text.replace('hostnameOverride: worker-0', `hostnameOverride: "${name}"`),
    ...(other === null ? {} : { 'nodes/worker-0/iptables-nft-save.txt': Buffer.from(other) }),
  })
}

test.each(['hard-way-healthy', 'etp-local', 'ipvs', 'kube-proxy-1.23-iptables-local'])(
  '%s: the name is the node’s',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([
      ['pass', expect.stringMatching(/^kube-proxy on \S+ knows that it is there\.$/)],
    ])
  },
)

test('a configuration copied from another node makes the local pod a stranger', async () => {
  const { verdict, causes } = diagnosisOf(await confused('worker-1', 'worker-1'), 'default/nginx-lb')
  expect([verdict, causes.map((one) => [one.id, one.status, one.says])]).toEqual([
    'unreachable',
    [
      [
        id,
        'fail',
        'kube-proxy on worker-0 takes itself for worker-1 (hostnameOverride): it takes the endpoints on worker-1 for local ones, and those on worker-0 for remote.',
      ],
    ],
  ])
  expect(causes[0]?.consequences.map((one) => one.id)).toContain('translation/no-local-endpoint')
})

test('a name that no Node has is a warning while the old rules still work', async () => {
  const evidence = await confused('worker-0.example.org')
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'kube-proxy on worker-0 takes itself for worker-0.example.org (hostnameOverride), and no Node has that name: it takes no endpoint for a local one, and in newer releases waits for that Node and writes no rules. This packet gets through nevertheless.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('capital letters and an unset name are no difference', async () => {
  expect(found(await confused('Worker-0'), id)[0]?.[0]).toBe('pass')
  expect(found(await confused(''), id)).toEqual([['pass', 'kube-proxy on worker-0 goes by the node’s own hostname.']])
})

test('the flag of the command line counts beside a configuration file', async () => {
  const evidence = await variant('etp-local', {
    'nodes/worker-0/processes.txt': (text) =>
      text.replace(/(kube-proxy --config=\S+)/, '$1 --hostname-override=worker-1'),
    'nodes/worker-0/kube-proxy-configz.json': null,
  })
  expect(found(evidence, id)[0]).toEqual(['warn', expect.stringContaining('takes itself for worker-1')])
})
