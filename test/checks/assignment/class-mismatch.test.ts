import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found } from '../../kit/found.ts'

const id = 'assignment/class-mismatch'

/** An edit of the Services of type LoadBalancer. */
const services = (edit: (service: Json) => void): Record<string, Change> => ({
  'kubernetes/services.json': editJson((list: Json) => {
    for (const service of list.items) if (service.spec.type === 'LoadBalancer') edit(service)
  }),
})

/** MetalLB started with `--lb-class`. */
const started = (lbClass: string): Record<string, Change> => ({
  'kubernetes/pods.json': editJson((list: Json) => {
    for (const { metadata, spec } of list.items)
      if (metadata.labels?.app === 'metallb') for (const one of spec.containers) one.args.push(`--lb-class=${lbClass}`)
  }),
})

test('a class that MetalLB does not handle is the cause, and pending follows', async () => {
  const evidence = await variant(
    'pending-no-pool',
    services(({ spec }) => (spec.loadBalancerClass = 'example.com/other')),
  )
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'MetalLB ignores Service default/nginx-lb, without a word: it handles only Services without a class, and the Service has the class example.com/other.',
    ],
  ])
  // Whoever is not of its class is not asked about its pools.
  expect(found(evidence, 'assignment/no-pool')[0]?.[0]).toBe('skipped')
})

test('a Service without a class is none of a MetalLB that has one', async () => {
  const evidence = await variant('pending-no-pool', started('example.com/metallb'))
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('it handles only the class example.com/metallb, and the Service has none.')],
  ])
})

test('the same class on both sides passes', async () => {
  const evidence = await variant('pending-no-pool', {
    ...started('example.com/metallb'),
    ...services(({ spec }) => (spec.loadBalancerClass = 'example.com/metallb')),
  })
  expect(found(evidence, id)).toEqual([
    [
      'pass',
      'MetalLB handles only the class example.com/metallb, and Service default/nginx-lb has example.com/metallb.',
    ],
  ])
})
