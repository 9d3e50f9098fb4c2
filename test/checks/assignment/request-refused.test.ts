import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../fixtures.ts'
import { found } from '../found.ts'

const id = 'assignment/request-refused'

/** An edit of the Services of type LoadBalancer. */
const services = (edit: (service: Json) => void): Record<string, Change> => ({
  'kubernetes/services.json': editJson((list: Json) => {
    for (const service of list.items) if (service.spec.type === 'LoadBalancer') edit(service)
  }),
})

/** What is said of `default/second`, which asks for something. */
async function asking(edit: (service: Json) => void, message?: string) {
  const evidence = await variant('pending-pool-exhausted', {
    ...services((service) => {
      if (service.metadata.name === 'second') edit(service)
    }),
    'kubernetes/events.json': editJson((list: Json) => {
      list.items = list.items.filter(({ reason }: Json) => reason !== 'AllocationFailed')
      if (message === undefined) return
      list.items.push({
        metadata: { name: 'second.1', namespace: 'default' },
        reason: 'AllocationFailed',
        message,
        involvedObject: { kind: 'Service', namespace: 'default', name: 'second' },
      })
    }),
  })
  return found(evidence, id, 'default/second')
}
const annotate =
  (name: string, value: string) =>
  ({ metadata }: Json): void => {
    metadata.annotations = { ...metadata.annotations, [name]: value }
  }

test.each([
  [
    'a pool that is not there',
    annotate('metallb.io/address-pool', 'gold'),
    /it asks for pool gold, and there are only first-pool\.$/,
  ],
  ['the same by the old prefix', annotate('metallb.universe.tf/address-pool', 'gold'), /it asks for pool gold/],
  [
    'an address in no pool',
    annotate('metallb.io/loadBalancerIPs', '10.9.9.9'),
    /10\.9\.9\.9, which it asks for, is in no pool\.$/,
  ],
  [
    'no address',
    ({ spec }: Json): void => void (spec.loadBalancerIP = 'vip'),
    /vip, which it asks for, is no address\.$/,
  ],
  [
    'an address that another holds',
    ({ spec }: Json): void => void (spec.loadBalancerIP = '10.240.0.100'),
    /Service default\/nginx-lb holds 10\.240\.0\.100, and the two do not share it\.$/,
  ],
  [
    'both ways at once',
    (service: Json) => {
      annotate('metallb.io/loadBalancerIPs', '10.240.0.100')(service)
      service.spec.loadBalancerIP = '10.240.0.100'
    },
    /it asks both by annotation and by spec\.loadBalancerIP\.$/,
  ],
] as const)('%s is refused', async (_, edit, says) => {
  expect(await asking(edit)).toEqual([['fail', expect.stringMatching(says)]])
})

test('what the event says is said in the words of MetalLB too', async () => {
  const message = 'Failed to allocate IP for "default/second": pool first-pool not compatible for ip assignment'
  expect(await asking(() => undefined, message)).toEqual([
    [
      'fail',
      `MetalLB refuses Service default/second: the serviceAllocation of the pool admits other namespaces or Services ("${message}").`,
    ],
  ])
})

test('a Service that asks for nothing passes', async () => {
  expect(await asking(() => undefined)).toEqual([['pass', 'Nothing that Service default/second asks for is refused.']])
})
