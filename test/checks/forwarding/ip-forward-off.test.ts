import { expect, test } from '@jest/globals'
import { variant } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
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

test('of a pod’s node that does not, its own setting is the proof', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/worker-0/sysctl.txt': off,
    'nodes/worker-1/sysctl.txt': off,
  })
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map(({ id: cause, subject, says }) => [cause, subject, says])).toEqual([
    [
      id,
      'node/worker-0',
      'worker-0 does not forward packets (net.ipv4.ip_forward is 0), so none of them reaches a pod. The same holds for worker-1.',
    ],
  ])
  expect(causes[0]?.proof[0]).toMatchObject({ file: 'nodes/worker-0/sysctl.txt', value: 'net.ipv4.ip_forward = 0' })
  expect(causes[0]?.fix?.commands[0]).toBe('ssh worker-0 sudo sysctl -w net.ipv4.ip_forward=1')
})

test('the fix lets the pods’ nodes forward, too, where they do not', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/sysctl.txt': off,
    'nodes/worker-1/sysctl.txt': off,
  })
  const [cause] = diagnosisOf(evidence, 'default/nginx-lb').causes
  expect([cause?.subject, cause?.fix?.summary]).toEqual([
    'node/controller-0',
    'let controller-0 and worker-1 forward packets',
  ])
  expect(cause?.fix?.commands.map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual(
    ['controller-0', 'controller-0', 'worker-1', 'worker-1'].map((node) => `ssh ${node}`),
  )
  expect(cause?.proof.slice(0, 2).map(({ file }) => file)).toEqual([
    'nodes/controller-0/sysctl.txt',
    'nodes/worker-1/sysctl.txt',
  ])
})

test('without the sysctls it is unknown', async () => {
  expect(found(await variant('hard-way-healthy', { 'nodes/controller-0/sysctl.txt': null }), id)[0]?.[0]).toBe(
    'unknown',
  )
})
