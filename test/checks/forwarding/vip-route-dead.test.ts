import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/vip-route-dead'
const swallowing = (type: string) =>
  variant('lan-healthy', {
    'nodes/worker-1/ip-route.json': editJson((routes: Json) => {
      routes.push({ type, dst: '10.240.0.100', flags: [] })
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

test('clients elsewhere do not meet it', async () => {
  expect(found(await swallowing('blackhole'), id, 'default/nginx-lb', '10.240.0.50')).toEqual([])
})
