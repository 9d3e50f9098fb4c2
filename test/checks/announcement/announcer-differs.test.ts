import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/announcer-differs'
const statuses = 'kubernetes/servicel2statuses.metallb.io.json'

test('the elected node announces', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['pass', "controller-0 announces 10.240.0.100, as MetalLB's election has it."],
  ])
})

test('another than the elected one announces', async () => {
  const evidence = await variant('lan-healthy', { [statuses]: (text) => text.replaceAll('controller-0', 'worker-1') })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^worker-1 announces 10\.240\.0\.100, while the election by hash gives it to controller-0: /,
      ),
    ],
  ])
})

test('nobody reports it, although somebody is elected', async () => {
  const evidence = await variant('lan-healthy', { [statuses]: editJson((list: Json) => (list.items = [])) })
  expect(found(evidence, id)).toEqual([
    ['warn', 'controller-0 should announce 10.240.0.100, and no speaker reports that it does.'],
  ])
})

test('a status whose speaker is gone is left over and does not count', async () => {
  const evidence = await variant('lan-healthy', {
    [statuses]: editJson((list: Json) => {
      list.items[0].metadata.ownerReferences[0].name = 'speaker-gone'
    }),
  })
  expect(found(evidence, id)).toEqual([['warn', expect.stringContaining('no speaker reports that it does')]])
})

const image =
  (version: string): Change =>
  (text) =>
    text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, `$1:v${version}`)

test('an old version is known by its event, as long as that is kept', async () => {
  const evidence = await variant('lan-healthy', { 'kubernetes/pods.json': image('0.13.12'), [statuses]: null })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
  const forgotten = await variant('lan-healthy', {
    'kubernetes/pods.json': image('0.13.12'),
    'kubernetes/events.json': editJson((list: Json) => (list.items = [])),
  })
  expect(found(forgotten, id)).toEqual([['skipped', 'MetalLB 0.13.12 leaves no lasting record of who announces.']])
})
