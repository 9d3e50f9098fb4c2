import { describe, expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'

const id = 'announcement/arp-dropped'
const announcer = 'controller-0'
const ruleset = `nodes/${announcer}/nft-ruleset.json`

const ask = (field: string, right: unknown) => ({
  match: { op: '==', left: { payload: { protocol: 'arp', field } }, right },
})
/** As arptables-nft 1.8.9 has it listed (`arptables-nft -A INPUT -d ADDRESS -j DROP`). */
const arptables = (field: 'saddr ip' | 'daddr ip', address: string) => [
  ask('htype', 1),
  ask('hlen', 6),
  ask('plen', 4),
  ask(field, address),
  { counter: { packets: 0, bytes: 0 } },
  { drop: null },
]

const withTable =
  (family: 'arp' | 'netdev' | 'bridge', chain: object, ...rules: readonly (readonly object[])[]): Change =>
  (text) => {
    const value = JSON.parse(text) as { nftables: object[] }
    const of = { family, table: 'filter' }
    value.nftables.push(
      { table: { family, name: 'filter', handle: 50 } },
      { chain: { ...of, name: 'INPUT', handle: 1, type: 'filter', prio: 0, policy: 'accept', ...chain } },
      ...rules.map((expr, at) => ({ rule: { ...of, chain: 'INPUT', handle: 2 + at, expr } })),
    )
    return JSON.stringify(value)
  }

const judged = async (change: Change, more: Readonly<Record<string, Change>> = {}) =>
  found(await variant('lan-healthy', { ...more, [ruleset]: change }), id)

const passes = [['pass', `No rule of ${announcer} drops who asks for 10.240.0.100, or the answer.`]]

describe('MetalLB, which answers at a packet socket', () => {
  test('no rule looks at ARP', async () => {
    expect(await foundIn('lan-healthy', id)).toEqual(passes)
  })

  test('rules of ARP are none of its frames’', async () => {
    expect(await judged(withTable('arp', { hook: 'input' }, arptables('daddr ip', '10.240.0.100')))).toEqual(passes)
    expect(await judged(withTable('arp', { hook: 'output', policy: 'drop' }))).toEqual(passes)
  })

  test('a rule of its device drops the question', async () => {
    const evidence = await variant('lan-healthy', {
      [ruleset]: withTable('netdev', { hook: 'ingress', dev: 'eth0' }, [
        { match: { op: '==', left: { meta: { key: 'protocol' } }, right: 'arp' } },
        ask('daddr ip', '10.240.0.100'),
        { drop: null },
      ]),
    })
    expect(found(evidence, id)).toEqual([
      [
        'fail',
        `${announcer} does not hear who asks for 10.240.0.100 by eth0: a rule in netdev filter chain INPUT drops the question by ARP. Nobody learns where the VIP is.`,
      ],
    ])
    const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
    expect([verdict, causes.map((cause) => cause.id)]).toEqual(['unreachable', [id]])
    const [cause] = causes
    expect(cause?.proof).toMatchObject([
      { file: ruleset, pointer: expect.stringMatching(/^\/nftables\/\d+$/) as unknown as string },
    ])
    expect(cause?.fix?.commands).toEqual([`ssh ${announcer} sudo nft delete rule netdev filter INPUT handle 2`])
  })

  test('a policy of its device drops the answer', async () => {
    expect(await judged(withTable('netdev', { hook: 'egress', dev: 'eth0', policy: 'drop' }))).toEqual([
      ['fail', expect.stringContaining('a rule in netdev filter chain INPUT drops the answer by ARP')],
    ])
  })

  test('whether a chain is at its device is not known', async () => {
    expect(await judged(withTable('netdev', { hook: 'ingress', policy: 'drop' }))).toEqual([
      ['unknown', expect.stringContaining('drops the question by ARP for 10.240.0.100')],
    ])
  })

  test('another device, another address and another protocol are passed over', async () => {
    for (const change of [
      withTable('netdev', { hook: 'ingress', dev: 'eth9', policy: 'drop' }),
      withTable('netdev', { hook: 'ingress', dev: 'eth0' }, [ask('daddr ip', '10.240.0.101'), { drop: null }]),
      withTable('netdev', { hook: 'ingress', dev: 'eth0' }, [ask('operation', 'reply'), { drop: null }]),
      withTable('bridge', { hook: 'input', policy: 'drop' }),
    ])
      expect(await judged(change)).toEqual(passes)
  })
})

/** An address on the announcer's interface. */
const holding = (address: string): Readonly<Record<string, Change>> => ({
  [`nodes/${announcer}/ip-addr.json`]: editJson((links: Json) => {
    links
      .find(({ ifname }: Json) => ifname === 'eth0')
      .addr_info.push({ family: 'inet', local: address, prefixlen: 32, scope: 'global', label: 'eth0' })
  }),
})

describe('an address that the kernel has', () => {
  test('one that answers is enough: MetalLB does, beside the rules of ARP', async () => {
    expect(
      await judged(withTable('arp', { hook: 'input' }, arptables('daddr ip', '10.240.0.100')), holding('10.240.0.100')),
    ).toEqual(passes)
  })

  const hidden = (hook: string, field: 'saddr ip' | 'daddr ip') => ({
    'nodes/worker-0/nft-ruleset.json': withTable('arp', { hook }, arptables(field, '10.240.0.100')),
  })

  test('kube-vip goes on announcing what arptables hides: who asks waits for that', async () => {
    expect(found(await kubeVipCluster(), id)).toEqual([
      ['pass', 'No rule of worker-0 drops who asks for 10.240.0.100, or the answer.'],
    ])
    const evidence = await kubeVipCluster({ changes: hidden('input', 'daddr ip') })
    expect(found(evidence, id)).toEqual([
      [
        'warn',
        'worker-0 does not hear who asks for 10.240.0.100 by eth0: a rule in arp filter chain INPUT drops the question by ARP. Whoever asks waits for kube-vip’s next announcement, some seconds.',
      ],
    ])
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  })

  test.each([
    ['question', 'input', 'daddr ip', 'does not hear who asks for 10.240.0.150 by eth0: '],
    ['answer', 'output', 'saddr ip', 'does not answer who asks for 10.240.0.150 by eth0: '],
  ] as const)('arptables drops the %s for an address that nobody announces', async (frame, hook, field, says) => {
    const given = (more: Readonly<Record<string, Change>>) =>
      variant('lan-healthy', {
        'kubernetes/services.json': editJson((list: Json) => {
          list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.externalIPs = ['10.240.0.150']
        }),
        ...holding('10.240.0.150'),
        ...more,
      })
    expect(found(await given({}), id, '10.240.0.150:80')[0]?.[0]).toBe('pass')
    const evidence = await given({ [ruleset]: withTable('arp', { hook }, arptables(field, '10.240.0.150')) })
    expect(found(evidence, id, '10.240.0.150:80')).toEqual([['fail', expect.stringContaining(says)]])
    const { causes } = diagnosisOf(evidence, '10.240.0.150:80')
    expect(causes.map((cause) => [cause.id, cause.reason])).toContainEqual([id, `${frame}-dropped`])
  })
})

test('where the rules of nftables were not read, translation says so', async () => {
  expect(found(await variant('lan-healthy', { [ruleset]: null }), id)).toEqual([
    ['skipped', `No rules of nftables were read of ${announcer}; what is not known for that, translation says.`],
  ])
})

test('of IPv6, and in a VPC, nobody asks by ARP', async () => {
  expect((await foundIn('lan-ipv6', id, '[fd00:240::100]:80'))[0]?.[0]).toBe('skipped')
  expect((await foundIn('hard-way-healthy', id))[0]?.[0]).toBe('skipped')
})
