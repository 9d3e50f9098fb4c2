import { expect, test } from '@jest/globals'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/ip-forward-off'
const off = (text: string) =>
  text.replaceAll(/^(net\.ipv4\.ip_forward|net\.ipv4\.conf\.\S+\.forwarding) = 1$/gm, '$1 = 0')

test('a node that forwards passes', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([['pass', 'controller-0 forwards packets.']])
})

test('a node that does not fails', async () => {
  const evidence = await variant('hard-way-healthy', { 'nodes/controller-0/sysctl.txt': off })
  expect(found(evidence, id)).toEqual([
    ['fail', 'controller-0 does not forward packets (net.ipv4.ip_forward is 0), so none of them reaches a pod.'],
  ])
})

test('without the sysctls it is unknown', async () => {
  expect(found(await variant('hard-way-healthy', { 'nodes/controller-0/sysctl.txt': null }), id)[0]?.[0]).toBe(
    'unknown',
  )
})
