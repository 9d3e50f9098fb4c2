import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'

const id = 'delivery/address-in-use'

/** worker-1's neighbour table knows the VIP. */
const knows = (lladdr: string): Record<string, Change> => ({
  'nodes/worker-1/ip-neigh.json': editJson((entries: Json) => {
    entries.push({ dst: '10.240.0.100', dev: 'eth0', lladdr, state: ['REACHABLE'] })
  }),
})
const strange = '52:54:00:aa:bb:cc'

test('a host outside the cluster has the VIP', async () => {
  expect(found(await variant('lan-healthy', knows(strange)), id)).toEqual([
    [
      'fail',
      `10.240.0.100 belongs to a host outside the cluster too: worker-1 knows it by ${strange}, and no node has that hardware address. Some clients reach that host instead.`,
    ],
  ])
})

test('the announcer itself is no stranger', async () => {
  expect(found(await variant('lan-healthy', knows('0a:58:0a:f0:00:0a')), id)).toEqual([
    ['pass', 'The hosts that the nodes know 10.240.0.100 by are nodes of the cluster.'],
  ])
})

test('a node that was not read may be the one', async () => {
  const evidence = await variant('lan-healthy', { ...knows(strange), 'nodes/controller-1/': null })
  expect(found(evidence, id)).toEqual([['skipped', expect.stringContaining('may be one of controller-1')]])
})

test('where no node asked there is nothing to say', async () => {
  expect((await foundIn('lan-healthy', id))[0]?.[0]).toBe('skipped')
})

const routedBy = (gateway: string): Record<string, Change> =>
  Object.fromEntries(
    ['controller-0', 'worker-1'].map((node) => [
      `nodes/${node}/ip-route.json`,
      editJson((routes: Json) => {
        for (const route of routes) if (route.dst === 'default') route.gateway = gateway
      }),
    ]),
  )

test('the gateway of the nodes as VIP is a cause, and its fix takes it out of the pool', async () => {
  const { verdict, causes } = diagnosisOf(await variant('lan-healthy', routedBy('10.240.0.100')), '10.240.0.100')
  expect([verdict, causes.map((cause) => [cause.id, cause.reason, cause.says])]).toEqual([
    'unreachable',
    [
      [
        id,
        'is-gateway',
        '10.240.0.100 is the gateway of controller-0 and worker-1: the router has the address, and clients find whichever of the two answered last. Where that is the announcer, nothing leaves the network any more.',
      ],
    ],
  ])
  expect(causes[0]?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch ipaddresspools.metallb.io first-pool --type merge -p '{"spec":{"addresses":["10.240.0.101-10.240.0.110"]}}'`,
  ])
})

test('a gateway that a node of the cluster itself is, with the address on an interface, is no stranger', async () => {
  const evidence = await variant('lan-healthy', {
    ...routedBy('10.240.0.100'),
    'nodes/worker-0/ip-addr.json': (text) =>
      text.replace('"local":"10.240.0.', '"family":"inet","local":"10.240.0.100","prefixlen":32},{"local":"10.240.0.'),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('skipped')
})

test('where no pool of MetalLB has the gateway, the Service is shown', async () => {
  const evidence = await kubeVipCluster({ bound: [], changes: routedBy('10.240.0.100') })
  const finding = diagnosisOf(evidence, '10.240.0.100').causes.find((cause) => cause.id === id)
  expect([finding?.reason, finding?.look]).toEqual(['is-gateway', ['kubectl -n default get service nginx-lb -o yaml']])
})
