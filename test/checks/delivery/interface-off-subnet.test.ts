import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'delivery/interface-off-subnet'

/** The L2Advertisement names interfaces; `link` edits eth0 of the announcer. */
const named = (
  interfaces: readonly string[],
  link: (eth0: Json) => void = () => undefined,
): Record<string, Change> => ({
  'kubernetes/l2advertisements.metallb.io.json': editJson((list: Json) => {
    for (const { spec } of list.items) spec.interfaces = interfaces
  }),
  'nodes/controller-0/ip-link.json': editJson((links: Json) => {
    link(links.find(({ ifname }: Json) => ifname === 'eth0'))
  }),
})

/** No speaker says that it announces: a status of MetalLB's goes with its announcement. */
const silent: Record<string, Change> = {
  'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => {
    list.items = []
  }),
}

test('the interface in the subnet of the VIP passes', async () => {
  expect(found(await variant('lan-healthy', named(['eth0'])), id)).toEqual([
    ['pass', 'controller-0 announces 10.240.0.100 by eth0, which is in its subnet.'],
  ])
})

test.each([
  ['one that is not there', { ...named(['ens5']), ...silent }, 'ens5 does not exist there'],
  ['one that is down', named(['eth0'], (eth0) => (eth0.flags = ['BROADCAST'])), 'eth0 is down'],
  ['one without ARP', named(['eth0'], (eth0) => eth0.flags.push('NOARP')), 'eth0 does without ARP'],
  ['a port of a bridge', named(['eth0'], (eth0) => (eth0.master = 'br0')), 'eth0 is a port of br0'],
])('%s announces nothing', async (_, changes, says) => {
  expect(found(await variant('lan-healthy', changes), id)).toEqual([
    [
      'fail',
      `controller-0 announces 10.240.0.100 by no interface: ${says}. MetalLB elects a node without regard to its interfaces and tries no other.`,
    ],
  ])
})

test('a speaker that announced before it was told an interface that is not there goes on', async () => {
  expect(found(await variant('lan-healthy', named(['ens5'])), id)).toEqual([
    [
      'warn',
      'controller-0 announces 10.240.0.100 as it was told before; what it is told now it cannot use: ens5 does not exist there. When its speaker starts anew, nobody announces the VIP.',
    ],
  ])
})

test('whether a speaker goes on as before is not known without its word', async () => {
  const unread = { ...named(['ens5']), 'kubernetes/servicel2statuses.metallb.io.json': null }
  expect(found(await variant('lan-healthy', unread), id)).toEqual([
    [
      'unknown',
      'controller-0 is told no interface by which it can announce 10.240.0.100: ens5 does not exist there. A speaker that announced it before goes on as it was told then; whether this one does is not known (kubernetes/servicel2statuses.metallb.io.json: not in the evidence).',
    ],
  ])
})

test('an interface in another subnet answers where nobody asks', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/l2advertisements.metallb.io.json': editJson((list: Json) => {
      for (const { spec } of list.items) spec.interfaces = ['eth1']
    }),
    'nodes/controller-0/ip-link.json': editJson((links: Json) => {
      links.push({ ifname: 'eth1', flags: ['BROADCAST', 'UP'] })
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'controller-0 announces 10.240.0.100 by eth1 only, but the subnet of 10.240.0.100 is at eth0: hosts that look for it there get no answer.',
    ],
  ])
})

test('without a list every interface announces', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['skipped', 'controller-0 announces by all its interfaces.']])
})

test('one advertisement without a list is enough', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/l2advertisements.metallb.io.json': editJson((list: Json) => {
      const copy = structuredClone(list.items[0])
      copy.metadata.name = 'narrow'
      copy.spec.interfaces = ['ens5']
      list.items.push(copy)
    }),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('skipped')
})

/** The list of interfaces by which no speaker announces, as MetalLB's manifest has it, with these besides. */
const excluding = (...patterns: readonly string[]) =>
  variant('lan-healthy', {
    'kubernetes/configmaps.json': editJson((list: Json) => {
      list.items = list.items.filter(({ metadata }: Json) => metadata.name !== 'metallb-excludel2')
      list.items.push({
        metadata: { name: 'metallb-excludel2', namespace: 'metallb-system' },
        data: {
          'excludel2.yaml': [
            'announcedInterfacesToExclude:',
            ...['^docker.*', '^cni', ...patterns].map((one) => `- ${one}`),
          ].join('\n'),
        },
      })
    }),
  })

test('an interface that MetalLB is told to exclude announces nothing, and the fix leaves the other patterns', async () => {
  const [cause] = diagnosisOf(await excluding("'^eth.*'"), 'default/nginx-lb').causes
  expect([cause?.id, cause?.reason, cause?.says]).toEqual([
    id,
    'interface-excluded',
    'controller-0 announces 10.240.0.100 by no interface: eth0, in whose subnet it is, is excluded by ^eth.* in ConfigMap metallb-system/metallb-excludel2.',
  ])
  expect(cause?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch configmap metallb-excludel2 --type merge -p '{"data":{"excludel2.yaml":"announcedInterfacesToExclude:\\n- \\"^docker.*\\"\\n- \\"^cni\\"\\n"}}'`,
    'kubectl -n metallb-system rollout restart daemonset speaker',
  ])
})

test('patterns for others, and what Go alone takes for one, leave it alone', async () => {
  for (const pattern of ['^ens', '(?P<x>eth0)']) expect(found(await excluding(pattern), id)[0]?.[0]).toBe('skipped')
})
