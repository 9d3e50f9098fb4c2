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
    summary: expect.stringMatching(/^route the pods of worker-\d to it$/) as unknown,
    commands: [
      expect.stringMatching(/^ssh controller-0 sudo ip route replace 10\.200\.\d\.0\/24 via 10\.240\.\d\.\d+$/),
    ],
  })
})
