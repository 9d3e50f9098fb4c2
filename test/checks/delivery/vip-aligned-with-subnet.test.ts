import { expect, test } from '@jest/globals'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import check from '../../../src/checks/delivery/vip-aligned-with-subnet/check.ts'
import { editJson, fixture, variant, type Json } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'

const announcedBy = (node: string) => ({ by: 'announcer', nodes: [node] }) as const

test('passes where the nodes have interfaces in the subnet of the VIP', async () => {
  expect(says(check, await fixture('hard-way-l2'))).toEqual([
    'pass',
    '10.240.0.100 lies in subnet-c1dad34c5444e3356 (10.240.0.0/24), where controller-0, controller-1, worker-0 and worker-1 have interfaces.',
  ])
})

test('fails where no node has an interface in the subnet of the VIP', async () => {
  const [status, text] = says(check, await fixture('hard-way-l2'), { target: '10.240.1.100' })
  expect([status, text]).toEqual([
    'fail',
    '10.240.1.100 lies in subnet-397f6f0d53e3fdacd (10.240.1.0/24), where no node has an interface; only an interface of that subnet can hold it.',
  ])
})

test("fails where the VIP is a node's own address", async () => {
  const evidence = await variant('hard-way-l2', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { status } of list.items) for (const one of status.loadBalancer.ingress ?? []) one.ip = '10.240.0.20'
    }),
  })
  expect(says(check, evidence, { target: '10.240.0.20' })[1]).toMatch(
    /^10\.240\.0\.20 is the own address of node worker-0/,
  )
})

test('does not apply to a VIP outside the VPC, where a route decides', async () => {
  expect(says(check, await fixture('overlay-vip'), { target: '172.20.0.100' })[0]).toBe('skipped')
})

test("on a LAN holds the VIP against the announcer's networks, not against its bridges'", async () => {
  const lan = { fabric: 'lan', receiving: announcedBy('worker-1') } as const
  expect(says(check, await fixture('lan-healthy'), lan)).toEqual([
    'pass',
    '10.240.0.100 lies in 10.240.0.0/24, the subnet of worker-1 (eth0).',
  ])
  expect(says(check, await fixture('lan-pool-off-subnet'), { ...lan, target: '192.168.9.100' })).toEqual([
    'fail',
    '192.168.9.100 lies in none of the subnets of worker-1 (10.240.0.0/24): hosts there do not ask for it, they send it to their router.',
  ])
  expect(says(check, await fixture('lan-healthy'), { ...lan, target: '10.200.3.77' })[0]).toBe('fail')
})

test('is unknown where nothing was read from the announcer', async () => {
  const lan = { fabric: 'lan', receiving: announcedBy('worker-1') } as const
  const evidence = await variant('lan-healthy', { 'nodes/worker-1/': null })
  expect(says(check, evidence, lan)[0]).toBe('unknown')
})

/** The VIP of the recording in a VLAN that only these nodes are in. */
const inVlan = (...nodes: readonly string[]) =>
  variant('lan-healthy', {
    'kubernetes/services.json': (text) => text.replaceAll('10.240.0.100', '10.17.0.100'),
    'kubernetes/ipaddresspools.metallb.io.json': (text) => text.replaceAll('10.240.0.1', '10.17.0.1'),
    ...Object.fromEntries(
      nodes.map((node, at) => [
        `nodes/${node}/ip-addr.json`,
        editJson((links: Json) => {
          const local = `10.17.0.${String(20 + at)}`
          const addr_info = [{ family: 'inet', local, prefixlen: 24, scope: 'global' }]
          links.push({ ifindex: 90, ifname: 'eth0.17', link: 'eth0', flags: ['BROADCAST', 'UP'], addr_info })
        }),
      ]),
    ),
  })

test('where other nodes are in the VLAN of the VIP, they alone are let announce it', async () => {
  const [cause] = diagnosisOf(await inVlan('worker-0', 'worker-1'), 'default/nginx-lb').causes
  expect([cause?.reason, cause?.says]).toEqual([
    'in-no-node-subnet',
    '10.17.0.100 lies in none of the subnets of controller-0 (10.240.0.0/24); worker-0 and worker-1 are in its subnet: hosts there do not ask for it, they send it to their router.',
  ])
  const selectors =
    '{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["worker-0","worker-1"]}]}'
  expect(cause?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch l2advertisements.metallb.io l2 --type merge -p '{"spec":{"nodeSelectors":[${selectors}]}}'`,
  ])
  expect(diagnosisOf(await inVlan(), 'default/nginx-lb').causes[0]?.fix).toBeNull()
})

/** The healthy LAN with another address for the Service: in the pool or not, announced by whom ServiceL2Status names. */
const at = (vip: string, more: { readonly pool?: string; readonly announcedBy?: string } = {}) =>
  variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { status } of list.items) for (const one of status.loadBalancer.ingress ?? []) one.ip = vip
    }),
    'kubernetes/ipaddresspools.metallb.io.json': editJson((list: Json) => {
      list.items[0].spec.addresses = [more.pool ?? '10.240.0.200-10.240.0.210']
    }),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => {
      if (more.announcedBy === undefined) list.items = []
      for (const { status } of list.items) status.node = more.announcedBy
    }),
  })

// On a LAN a node answers for its own address by itself; what is wrong with it is who else does, or will.
test.each<[string, () => Promise<Evidence>, string, string, string]>([
  ['k3s', () => fixture('k3s-servicelb'), '10.240.0.10', 'own-address-by-service-lb', 'pass'],
  ['k3s, another node', () => fixture('k3s-servicelb'), '10.240.0.21', 'own-address-by-service-lb', 'pass'],
  ['in no pool', () => at('10.240.0.20'), '10.240.0.20', 'own-address', 'pass'],
  ['in no pool, of the control plane', () => at('10.240.0.10'), '10.240.0.10', 'own-address', 'pass'],
  ['a pool of one', () => at('10.240.0.10', { pool: '10.240.0.10/32' }), '10.240.0.10', 'own-address-in-pool', 'warn'],
  [
    'a pool of the subnet',
    () => at('10.240.0.20', { pool: '10.240.0.0/24' }),
    '10.240.0.20',
    'own-address-in-pool',
    'warn',
  ],
  [
    'another node announces it',
    () => at('10.240.0.20', { pool: '10.240.0.0/24', announcedBy: 'worker-1' }),
    '10.240.0.20',
    'address-of-node',
    'fail',
  ],
  [
    'a worker announces that of the control plane',
    () => at('10.240.0.11', { pool: '10.240.0.10-10.240.0.12', announcedBy: 'worker-0' }),
    '10.240.0.11',
    'address-of-node',
    'fail',
  ],
])("a VIP that is a node's own address on a LAN: %s", async (_, evidence, vip, reason, status) => {
  const { findings } = diagnosisOf(await evidence(), `${vip}:80`)
  const own = findings.filter(({ id }) => id === 'delivery/vip-aligned-with-subnet')
  expect(own.map((one) => [one.status, one.reason])).toEqual([[status, reason]])
})
