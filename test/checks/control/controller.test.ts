import { expect, test } from '@jest/globals'
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
