import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, fixtureNames, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/pod-next-hop'
const pods = /^10\.200\.[23]\./

/** A routing table whose routes to the pods of the workers are changed, or taken away by null. */
const routes = (change: (route: Json) => Json): Change =>
  editJson((list: Json) => {
    for (let at = list.length - 1; at >= 0; at -= 1) {
      if (!pods.test(list[at].dst) || list[at].gateway === undefined) continue
      if (change(list[at]) === null) list.splice(at, 1)
    }
  })
const of = async (changes: Readonly<Record<string, Change>>, name = 'lan-healthy') => {
  const evidence = await variant(name, changes)
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  return { says: found(evidence, id), verdict, causes }
}

test('no recording has routes that lead astray', async () => {
  for (const name of fixtureNames)
    for (const [status, says] of await foundIn(name, id).catch(() => []))
      expect({ name, says, status }).toEqual({ name, says, status: expect.stringMatching(/^(pass|skipped|unknown)$/) })
})

test('routes that a reboot lost: packets leave by the default gateway', async () => {
  const { says, verdict, causes } = await of({ 'nodes/controller-0/ip-route.json': routes(() => null) })
  expect(says).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^controller-0 has no route to 10\.200\.2\.\d, a pod on worker-0: it sends the packet to its default gateway 10\.240\.0\.1, while controller-1 sends it to worker-0 itself\.$/,
      ),
    ],
  ])
  expect([verdict, causes.map((cause) => cause.id)]).toEqual(['unreachable', [id]])
  expect(causes[0]?.fix?.commands).toEqual([
    'ssh controller-0 sudo ip route replace 10.200.2.0/24 via 10.240.0.20',
    'ssh controller-0 sudo ip route replace 10.200.3.0/24 via 10.240.0.21',
  ])
})

test('where no node has such routes, the router is what knows them', async () => {
  const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const { says, verdict } = await of(
    Object.fromEntries(nodes.map((node) => [`nodes/${node}/ip-route.json`, routes(() => null)])),
  )
  expect([says[0]?.[0], verdict]).toEqual(['pass', 'reachable'])
})

test('a route to another node that does not pass on loses a part or all', async () => {
  const wrong = (route: Json) => (route.gateway = '10.240.0.11')
  const lost = routes(() => null)
  const { says, verdict } = await of({
    'nodes/controller-0/ip-route.json': routes(wrong),
    'nodes/controller-1/ip-route.json': lost,
  })
  expect(says).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^controller-0 sends packets for 10\.200\.2\.\d to controller-1, but the pod is on worker-0, and controller-1 does not pass them on to it\.$/,
      ),
    ],
  ])
  expect(verdict).toBe('unreachable')
  // A node that passes on is a detour, not a fault.
  expect((await of({ 'nodes/controller-0/ip-route.json': routes(wrong) })).verdict).toBe('reachable')
})

test('a route to a host that is no node: nobody has said that it passes on, unless another node knows better', async () => {
  const wrong = (route: Json) => (route.gateway = '10.240.0.50')
  const one = await of({ 'nodes/controller-0/ip-route.json': routes(wrong) })
  expect([one.says[0]?.[0], one.verdict]).toEqual(['fail', 'unreachable'])
  expect(one.says[0]?.[1]).toMatch(
    /^controller-0 sends packets for 10\.200\.2\.\d, a pod on worker-0, to 10\.240\.0\.50, which is no node, while controller-1 sends them to worker-0 itself\.$/,
  )
  const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const all = await of(Object.fromEntries(nodes.map((node) => [`nodes/${node}/ip-route.json`, routes(wrong)])))
  expect(all.says).toEqual([
    [
      'unknown',
      expect.stringMatching(
        /^controller-0 sends packets for 10\.200\.2\.\d, a pod on worker-0, to 10\.240\.0\.50, which is no node and not its default gateway; whether that one passes them on is in no evidence\.$/,
      ),
    ],
  ])
  expect(all.verdict).toBe('inconclusive')
})

test('a range that is the receiving node’s own bridge', async () => {
  const { says } = await of({
    'nodes/controller-0/ip-route.json': routes((route) => {
      delete route.gateway
      route.dev = 'cni0'
    }),
  })
  expect(says[0]).toEqual([
    'fail',
    expect.stringMatching(
      /^controller-0 takes 10\.200\.2\.\d, a pod on worker-0, for one of its own: its route leads to the bridge cni0\.$/,
    ),
  ])
})
