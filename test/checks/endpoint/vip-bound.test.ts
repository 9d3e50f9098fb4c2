import { expect, test } from '@jest/globals'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'endpoint/vip-bound'

test('the leader that owns the address and listens passes', async () => {
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'controller-1 holds 10.240.0.5 on eth0, and kube-apiserver listens on port 6443.'],
  ])
})

test('an owner that does not hold the address fails, and the leader is named', async () => {
  expect(await foundIn('control-plane-vip-moved', id, '10.240.0.5')).toEqual([
    [
      'fail',
      "controller-0 receives the packets for 10.240.0.5, but none of its interfaces holds the address; kube-vip's leader is controller-1.",
    ],
  ])
})

test('an address without a socket fails', async () => {
  const evidence = await variant('control-plane-vip', {
    'nodes/controller-1/ss-listen.txt': (text) => text.replace('*:6443', '127.0.0.1:6443'),
  })
  expect(found(evidence, id, '10.240.0.5')).toEqual([
    ['fail', 'controller-1 holds 10.240.0.5 on eth0, but nothing there listens on tcp port 6443 of it.'],
  ])
})

test('without the node’s sockets it is unknown', async () => {
  const evidence = await variant('control-plane-vip', { 'nodes/controller-1/ss-listen.txt': null })
  expect(found(evidence, id, '10.240.0.5')).toEqual([
    ['unknown', expect.stringContaining('ss-listen.txt: not in the evidence')],
  ])
})
