import { expect, test } from '@jest/globals'
import { variant } from '../../fixtures.ts'
import { found, foundIn } from '../found.ts'

const id = 'announcement/l2-advertisement'

test('an advertisement that covers the pool and selects nodes passes', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    [
      'pass',
      expect.stringMatching(
        /^metallb-system\/l2 lets MetalLB announce 10\.240\.0\.100 of pool first-pool by ARP or NDP/,
      ),
    ],
  ])
})

test.each([
  [
    'lan-not-advertised',
    'fail',
    /^No L2Advertisement or BGPAdvertisement covers pool first-pool, so no speaker announces 10\.240\.0\.100\.$/,
  ],
  ['lan-no-node-selected', 'fail', /selects no node, so no speaker may announce 10\.240\.0\.100\.$/],
  // EC2 delivers by ownership: silence stops no packet there.
  ['not-advertised', 'warn', /EC2 delivers by ownership, so this stops no packet\.$/],
])('%s', async (name, status, says) => {
  expect(await foundIn(name, id)).toEqual([[status, expect.stringMatching(says)]])
})

test('without the advertisements it is not known', async () => {
  const evidence = await variant('lan-healthy', { 'kubernetes/l2advertisements.metallb.io.json': null })
  expect(found(evidence, id)).toEqual([
    ['unknown', expect.stringContaining('kubernetes/l2advertisements.metallb.io.json: not in the evidence')],
  ])
})
