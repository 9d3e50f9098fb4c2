import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { foundIn } from '../../kit/found.ts'

const id = 'control/controller'

test('a ready controller passes', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', expect.stringMatching(/^MetalLB's controller controller-\S+ is ready\.$/)],
  ])
})

test.each([
  ['hard-way-four-faults', /waits: ContainerCreating: it gives no address/],
  ['four-faults-but-cni', /is not ready after 2 restarts: it gives no address/],
])('%s: says why it is not ready', async (name, says) => {
  expect(await foundIn(name, id)).toEqual([['fail', expect.stringMatching(says)]])
})

test('does not apply without MetalLB', async () => {
  expect(await foundIn('pending-no-allocator', id)).toEqual([['skipped', 'MetalLB is not installed.']])
})

test('a Deployment of no replicas is why a Service waits, and its fix is to scale it', async () => {
  const evidence = await variant('pending-no-pool', {
    'kubernetes/pods.json': editJson((list: Json) => {
      list.items = list.items.filter(({ metadata }: Json) => metadata.labels?.component !== 'controller')
    }),
    'kubernetes/deployments.apps.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items) if (metadata.namespace === 'metallb-system') spec.replicas = 0
    }),
    'kubernetes/ipaddresspools.metallb.io.json': editJson((list: Json) => {
      list.items = [
        {
          metadata: { name: 'first-pool', namespace: 'metallb-system' },
          spec: { addresses: ['10.240.0.100-10.240.0.110'] },
        },
      ]
    }),
  })
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => [cause.id, cause.brief, cause.fix?.summary, cause.fix?.commands])).toEqual([
    [
      id,
      'MetalLB has no controller pod',
      'let its controller run again',
      ['kubectl -n metallb-system scale deployment controller --replicas=1'],
    ],
  ])
  expect(causes[0]?.consequences.map((one) => one.id)).toContain('assignment/vip-assigned')
})
