import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/notrack'
const raw = (match: string) => (text: string) =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING ${match} -j CT --notrack\nCOMMIT\n${text}`

test('an untracked VIP is never translated', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': raw('-p tcp -m tcp --dport 80'),
  })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.status, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    'fail',
    'On controller-0 chain PREROUTING of table raw takes the packet out of connection tracking (NOTRACK), so no rule can translate it.',
  ])
  expect(causes[0]?.fix?.commands).toEqual([
    'ssh controller-0 sudo iptables-nft -t raw -D PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack',
  ])
  expect(causes[0]?.consequences.map((one) => one.id)).toContain('translation/dnat-present')
})

test('a node that does not forward either is another cause, not a reason to call the packet tracked', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': raw('-p tcp -m tcp --dport 80'),
    'nodes/controller-0/sysctl.txt': (text) => text.replaceAll(/(forward(?:ing)?) = 1/g, '$1 = 0'),
  })
  expect(diagnosisOf(evidence, 'default/nginx-lb').causes.map((cause) => cause.id)).toEqual([
    id,
    'forwarding/ip-forward-off',
  ])
})

test('the same by a native chain', async () => {
  const evidence = await variant('nftables', {
    'nodes/controller-0/nft-ruleset.json': editJson(({ nftables }: Json) => {
      nftables.push(
        { table: { family: 'inet', name: 'tuning', handle: 900 } },
        {
          chain: {
            family: 'inet',
            table: 'tuning',
            name: 'pre',
            handle: 1,
            type: 'filter',
            hook: 'prerouting',
            prio: -300,
            policy: 'accept',
          },
        },
        { rule: { family: 'inet', table: 'tuning', chain: 'pre', handle: 2, expr: [{ notrack: null }] } },
      )
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^On controller-0 chain pre of table \S*\s?tuning takes the packet out of connection tracking/,
      ),
    ],
  ])
})

test('a rule about other packets is nobody’s business', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': raw('-p udp -m udp --dport 53'),
  })
  expect(found(evidence, id)).toEqual([['pass', 'controller-0 tracks the connection.']])
  expect(await foundIn('hard-way-healthy', id)).toEqual([['pass', 'controller-0 tracks the connection.']])
})

test.each([
  ['NodeLocal DNS', { notrack: null }, 'fail'],
  ['no notrack for VIPs', { counter: null }, 'pass'],
])('what a rule does counts, not its comment: %s', async (comment, statement, status) => {
  const of = { family: 'inet', table: 'tuning', chain: 'pre' }
  const evidence = await variant('nftables', {
    'nodes/controller-0/nft-ruleset.json': editJson(({ nftables }: Json) => {
      nftables.push(
        { table: { family: 'inet', name: 'tuning', handle: 900 } },
        { chain: { ...of, name: 'pre', handle: 1, type: 'filter', hook: 'prerouting', prio: -300, policy: 'accept' } },
        { rule: { ...of, handle: 2, comment, expr: [statement] } },
      )
    }),
  })
  const [finding] = diagnosisOf(evidence, 'default/nginx-lb').findings.filter((one) => one.id === id)
  expect(finding).toMatchObject({ status, reason: status === 'fail' ? 'not-tracked' : 'tracked' })
})
