import { expect, test } from '@jest/globals'
import { foundIn } from '../found.ts'

const id = 'endpoint/pod-network'

test('pods with addresses pass', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'Each pod of Service default/nginx-lb has an address (2).'],
  ])
})

test('pods without one are named with their nodes', async () => {
  expect(await foundIn('hard-way-four-faults', id)).toEqual([
    [
      'fail',
      '2 of 2 pods of Service default/nginx-lb have no network: nginx-f4c86c6c4-bhv4p on worker-0, nginx-f4c86c6c4-n5ldv on worker-1.',
    ],
  ])
})
