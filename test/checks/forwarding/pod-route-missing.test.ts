import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/pod-route-missing'

test('routes to all endpoints pass', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'controller-0 has a route to each endpoint that its rules send to (2).'],
  ])
})

test('no route to a pod fails', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/ip-route.json': editJson((routes: Json) => {
      for (const route of routes) if (route.dst === 'default') route.dst = '192.0.2.0/24'
    }),
  })
  expect(found(evidence, id, 'default/nginx-lb', '10.240.0.50')).toEqual([
    [
      'fail',
      expect.stringMatching(/^controller-0 has no way to the pod 10\.200\.\d\.\d: no route to 10\.200\.\d\.\d\.$/),
    ],
  ])
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50')
  expect(causes[0]?.proof.at(-1)).toMatchObject({
    file: 'nodes/controller-0/ip-route.json',
    value: expect.stringMatching(/^\d+ routes, none to 10\.200\.\d\.\d$/) as unknown,
  })
  expect(causes[0]?.fix).toMatchObject({
    summary: 'route the pods of worker-0 and worker-1 to them',
    commands: expect.arrayContaining([
      'ssh controller-0 sudo ip route replace 10.200.2.0/24 via 10.240.0.20',
      'ssh controller-0 sudo ip route replace 10.200.3.0/24 via 10.240.0.21',
    ]) as unknown,
  })
})

/** A pod's bridge as it is when somebody set it down, or took its address: its routes go with it. */
const withoutRoutes = (node: string) => ({
  [`nodes/${node}/ip-route.json`]: editJson((list: Json) => {
    for (let at = list.length - 1; at >= 0; at -= 1) if (list[at].dev === 'cni0') list.splice(at, 1)
  }),
})

test('a node whose bridge is gone sends packets for its own pod to the gateway', async () => {
  const { causes } = diagnosisOf(
    await variant('etp-local', withoutRoutes('worker-0')),
    'default/nginx-lb',
    '10.240.0.50',
  )
  expect(causes.map((cause) => [cause.id, cause.reason, cause.says])).toEqual([
    [
      id,
      'gateway',
      expect.stringMatching(
        /^worker-0 has no route to 10\.200\.\d\.\d, a pod of its own: it sends the packet to the gateway 10\.240\.0\.1\.$/,
      ),
    ],
  ])
})

test('the same on the node of a pod behind the one that translates', async () => {
  const evidence = await variant('hard-way-healthy', { ...withoutRoutes('worker-0'), ...withoutRoutes('worker-1') })
  expect(
    diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50').causes.map((cause) => [cause.id, cause.subject]),
  ).toEqual([[id, 'node/worker-0']])
})

const down = (operstate: string, flags: readonly string[]) =>
  variant('etp-local', {
    'nodes/worker-0/ip-link.json': editJson((links: Json) => {
      Object.assign(
        links.find(({ ifname }: Json) => ifname === 'cni0'),
        { operstate, flags },
      )
    }),
  })

test.each([
  ['without a carrier', 'DOWN', ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP']],
  ['set down', 'DOWN', ['BROADCAST', 'MULTICAST']],
])('a route to a bridge %s is no delivery', async (_, operstate, flags) => {
  expect(found(await down(operstate, flags), id, 'default/nginx-lb', '10.240.0.50')).toEqual([
    ['fail', expect.stringMatching(/^worker-0 sends packets for \S+, a pod of its own, to cni0, which is down\.$/)],
  ])
})

test('a device whose state nobody keeps (UNKNOWN) is not down', async () => {
  const evidence = await down('UNKNOWN', ['BROADCAST', 'UP', 'LOWER_UP'])
  expect(found(evidence, id, 'default/nginx-lb', '10.240.0.50')[0]?.[0]).toBe('pass')
})
