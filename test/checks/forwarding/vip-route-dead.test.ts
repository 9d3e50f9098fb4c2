import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/vip-route-dead'
const swallowing = (type: string, protocol = 'static') =>
  variant('lan-healthy', {
    'nodes/worker-1/ip-route.json': editJson((routes: Json) => {
      routes.push({ type, dst: '10.240.0.100', protocol, flags: [] })
    }),
  })

test('a node with a route to the VIP passes', async () => {
  expect(await foundIn('lan-healthy', id, 'default/nginx-lb', 'node/worker-1')).toEqual([
    ['pass', 'worker-1 has a route to 10.240.0.100.'],
  ])
})

test.each(['blackhole', 'unreachable', 'prohibit'])('a %s route stops the node’s own processes', async (type) => {
  expect(found(await swallowing(type), id, 'default/nginx-lb', 'node/worker-1')).toEqual([
    ['fail', expect.stringContaining(`the route to 10.240.0.100 is of type ${type} (10.240.0.100)`)],
  ])
})

test('the route is taken away by its name, unless BIRD would write it again', async () => {
  const [cause] = diagnosisOf(await swallowing('blackhole'), 'default/nginx-lb', 'node/worker-1').causes
  expect(cause?.fix?.commands).toEqual(['ssh worker-1 sudo ip route del blackhole 10.240.0.100 table main'])
  const [other] = diagnosisOf(await swallowing('blackhole', 'bird'), 'default/nginx-lb', 'node/worker-1').causes
  expect([other?.id, other?.fix]).toEqual([id, null])
})

test('clients elsewhere do not meet it', async () => {
  expect(found(await swallowing('blackhole'), id, 'default/nginx-lb', '10.240.0.50')).toEqual([])
})
