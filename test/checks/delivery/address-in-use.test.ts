import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'delivery/address-in-use'

/** worker-1's neighbour table knows the VIP. */
const knows = (lladdr: string): Record<string, Change> => ({
  'nodes/worker-1/ip-neigh.json': editJson((entries: Json) => {
    entries.push({ dst: '10.240.0.100', dev: 'eth0', lladdr, state: ['REACHABLE'] })
  }),
})
const strange = '52:54:00:aa:bb:cc'

test('a host outside the cluster has the VIP', async () => {
  expect(found(await variant('lan-healthy', knows(strange)), id)).toEqual([
    [
      'fail',
      `10.240.0.100 belongs to a host outside the cluster too: worker-1 knows it by ${strange}, and no node has that hardware address. Some clients reach that host instead.`,
    ],
  ])
})

test('the announcer itself is no stranger', async () => {
  expect(found(await variant('lan-healthy', knows('0a:58:0a:f0:00:0a')), id)).toEqual([
    ['pass', 'The hosts that the nodes know 10.240.0.100 by are nodes of the cluster.'],
  ])
})

test('a node that was not read may be the one', async () => {
  const evidence = await variant('lan-healthy', { ...knows(strange), 'nodes/controller-1/': null })
  expect(found(evidence, id)).toEqual([['skipped', expect.stringContaining('may be one of controller-1')]])
})

test('where no node asked there is nothing to say', async () => {
  expect((await foundIn('lan-healthy', id))[0]?.[0]).toBe('skipped')
})
