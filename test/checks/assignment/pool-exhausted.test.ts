import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../fixtures.ts'
import { found, foundIn } from '../found.ts'

const id = 'assignment/pool-exhausted'
const pools = 'kubernetes/ipaddresspools.metallb.io.json'

const editPool = (edit: (spec: Json) => void): Record<string, Change> => ({
  [pools]: editJson((list: Json) => {
    for (const { spec } of list.items) edit(spec)
  }),
})
const noEvents = { 'kubernetes/events.json': editJson((list: Json) => (list.items = [])) }

test('who holds the last address is named', async () => {
  expect(await foundIn('pending-pool-exhausted', id, 'default/second')).toEqual([
    [
      'fail',
      'MetalLB has no free address for Service default/second: the only address of pool first-pool is taken (by default/nginx-lb).',
    ],
  ])
})

test('the same is found where the event has expired', async () => {
  const evidence = await variant('pending-pool-exhausted', noEvents)
  expect(found(evidence, id, 'default/second')).toEqual([['fail', expect.stringContaining('the only address')]])
})

test('a pool that may not serve the Service is named with its reason', async () => {
  const reason = async (edit: (spec: Json) => void) =>
    found(await variant('pending-pool-exhausted', editPool(edit)), id, 'default/second')[0]
  expect(await reason((spec) => (spec.autoAssign = false))).toEqual([
    'fail',
    'MetalLB has no free address for Service default/second: no pool may serve it; first-pool has autoAssign false.',
  ])
  expect(await reason((spec) => (spec.serviceAllocation = { namespaces: ['prod'] }))).toEqual([
    'fail',
    expect.stringContaining('first-pool serves other namespaces than default.'),
  ])
  expect(
    await reason((spec) => (spec.serviceAllocation = { serviceSelectors: [{ matchLabels: { tier: 'gold' } }] })),
  ).toEqual(['fail', expect.stringContaining('first-pool selects other Services than default/second.')])
})

test('room in a pool passes', async () => {
  const evidence = await variant('pending-pool-exhausted', {
    ...noEvents,
    ...editPool((spec) => (spec.addresses = ['10.240.0.100-10.240.0.109'])),
  })
  expect(found(evidence, id, 'default/second')).toEqual([
    ['pass', 'For Service default/second, pool first-pool has 9 of 10 addresses free.'],
  ])
})
