import { describe, expect, test } from '@jest/globals'
import { diagnosisOfFixture } from './kit/answers.ts'
import { fixtureNames, truthOf, type Truth } from './kit/fixtures.ts'

/** What a client saw, as a verdict: every try connected, or none did. A pending Service has no address to try. */
function seen({ clientSaw }: Truth): 'reachable' | 'unreachable' {
  const connected = (clientSaw ?? []).filter((line) => line.startsWith('connected')).length
  if (connected !== 0 && connected !== clientSaw?.length)
    throw new Error('a recording whose client saw both proves nothing')
  return connected > 0 ? 'reachable' : 'unreachable'
}

/** Recordings that cannot be decided yet, with the reason that the verdict must give. */
const inconclusive: Readonly<Record<string, RegExp>> = {}

/** The first cause of each recording that is unreachable. */
const firstCause: Readonly<Record<string, string>> = {
  'captured-vpc-unowned': 'delivery/vip-not-owned',
  'control-plane-vip-moved': 'endpoint/vip-bound',
  'control-plane-vip-unowned': 'delivery/vip-not-owned',
  'etp-local-moved': 'delivery/owner-not-announcer',
  'four-faults-but-cni': 'delivery/vip-not-owned',
  'four-faults-but-kube-proxy': 'delivery/vip-not-owned',
  'four-faults-but-ownership': 'admission/service-port',
  'four-faults-but-security-group': 'delivery/vip-not-owned',
  'hard-way-four-faults': 'delivery/vip-not-owned',
  'hard-way-l2': 'delivery/vip-not-owned',
  'kube-proxy-1.23-iptables-empty': 'endpoint/ready',
  'kube-proxy-1.29-iptables-empty': 'endpoint/ready',
  'kube-proxy-1.34-nftables-empty': 'endpoint/ready',
  'lan-forward-reject': 'forwarding/forward-drop',
  'lan-no-kube-proxy-on-announcer': 'translation/kube-proxy-running',
  'lan-no-node-selected': 'announcement/l2-advertisement',
  'lan-not-advertised': 'announcement/l2-advertisement',
  'lan-pool-off-subnet': 'delivery/vip-aligned-with-subnet',
  'nftables-source-ranges': 'translation/source-ranges',
  'no-endpoints': 'endpoint/ready',
  'not-advertised-unowned': 'delivery/vip-not-owned',
  'overlay-no-route': 'delivery/overlay-no-route',
  'overlay-source-dest-check': 'delivery/source-dest-check',
  'pending-no-allocator': 'assignment/vip-assigned',
  'pending-no-pool': 'assignment/no-pool',
  'pending-pool-exhausted': 'assignment/pool-exhausted',
}

describe.each(fixtureNames)('%s', (name) => {
  // The client that tried, and the default client, whose groups and address are not known.
  test.each(['the client that tried', 'any host of the subnet'])('the verdict for %s is what it saw', async (who) => {
    const truth = await truthOf(name)
    const diagnosis = await diagnosisOfFixture(name, who === 'the client that tried' ? undefined : 'vpc')
    const reason = inconclusive[name]
    if (reason === undefined) {
      const why = [...diagnosis.causes, ...diagnosis.findings.filter(({ status }) => status === 'unknown')].map(
        ({ id, says }) => `${id}: ${says}`,
      )
      expect({ verdict: diagnosis.verdict, why: diagnosis.verdict === seen(truth) ? [] : why }).toEqual({
        verdict: seen(truth),
        why: [],
      })
    } else {
      expect(diagnosis.verdict).toBe('inconclusive')
      expect(diagnosis.findings.filter(({ status }) => status === 'unknown').map(({ says }) => says)).toContainEqual(
        expect.stringMatching(reason),
      )
    }
    expect(diagnosis.causes[0]?.id).toBe(firstCause[name])
  })
})

test('the story of the four faults comes out in the packet’s order', async () => {
  const { causes, alsoWrong } = await diagnosisOfFixture('hard-way-four-faults')
  expect(causes.map(({ id }) => id)).toEqual([
    'delivery/vip-not-owned',
    'admission/service-port',
    'translation/kube-proxy-running',
    'forwarding/cni-ready',
  ])
  expect(alsoWrong.map(({ id }) => id)).toContain('control/webhook-port')
  const consequences = causes.flatMap((cause) => cause.consequences.map(({ id }) => id))
  expect(consequences).toEqual(
    expect.arrayContaining(['control/speaker', 'control/controller', 'endpoint/pod-network']),
  )
})

test.each([
  ['four-faults-but-ownership', ['admission/service-port', 'translation/kube-proxy-running', 'forwarding/cni-ready']],
  [
    'four-faults-but-security-group',
    ['delivery/vip-not-owned', 'translation/kube-proxy-running', 'forwarding/cni-ready'],
  ],
  ['four-faults-but-kube-proxy', ['delivery/vip-not-owned', 'admission/service-port', 'forwarding/cni-ready']],
  ['four-faults-but-cni', ['delivery/vip-not-owned', 'admission/service-port', 'translation/kube-proxy-running']],
])('%s names the other three', async (name, others) => {
  expect((await diagnosisOfFixture(name)).causes.map(({ id }) => id)).toEqual(others)
})

test.each(['hard-way-healthy', 'lan-healthy'])(
  '%s has no warning that a user would have to explain away',
  async (name) => {
    const { findings } = await diagnosisOfFixture(name)
    expect(
      findings.filter(({ status }) => status === 'warn' || status === 'fail').map(({ id, says }) => `${id}: ${says}`),
    ).toEqual([])
  },
)
