import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { endpointsOn, local } from '../../kit/etp-local.ts'
import { layer2, oldMetallb } from '../../kit/old-metallb.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/several-announcers'

/** A second speaker that reports the same Service. */
const second: Change = editJson((list: Json) => {
  const copy = structuredClone(list.items[0])
  copy.metadata.ownerReferences = []
  copy.status.node = 'worker-1'
  list.items.push(copy)
})

test.each([
  ['lan-healthy', 'Clients keep the answer that came last, and their connections break when it changes.'],
  ['hard-way-healthy', 'EC2 delivers by ownership, so this stops no packet.'],
])('%s: two speakers report the same VIP', async (name, effect) => {
  const evidence = await variant(name, { 'kubernetes/servicel2statuses.metallb.io.json': second })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      `controller-0 and worker-1 all report that they announce 10.240.0.100: their speakers do not see each other. ${effect}`,
    ],
  ])
})

test('one is as it should be', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['pass', 'Only controller-0 reports that it announces 10.240.0.100.'],
  ])
})

test('without the statuses it is not known', async () => {
  const evidence = await variant('lan-healthy', { 'kubernetes/servicel2statuses.metallb.io.json': '{' })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})

test('a version that writes no statuses is not asked for them', async () => {
  expect(found(await oldMetallb(layer2), id)).toEqual([
    ['skipped', 'MetalLB 0.12.1 writes no ServiceL2Status; its newest event tells of one speaker only.'],
  ])
})

test('with externalTrafficPolicy: Local the clients of a speaker without an endpoint are lost', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/servicel2statuses.metallb.io.json': second,
    'kubernetes/services.json': editJson((list: Json) => {
      local(list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb'))
    }),
    ...endpointsOn('worker-1'),
  })
  const { verdict, findings } = diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50')
  expect([verdict, findings.find((one) => one.id === id)?.says]).toEqual([
    'inconclusive',
    expect.stringContaining('With externalTrafficPolicy: Local controller-0 drops what comes in there'),
  ])
})
