import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/cluster-cidr'
const config = 'nodes/controller-0/kube-proxy-config.yaml'
const told = (line: string) =>
  variant('hard-way-healthy', { [config]: (text) => text.replace('clusterCIDR: 10.200.0.0/16', line) })

test.each(['hard-way-healthy', 'ipvs', 'nftables'])('%s: every pod is inside', async (name) => {
  expect(await foundIn(name, id)).toEqual([
    ['pass', expect.stringMatching(/^clusterCIDR 10\.200\.0\.0\/16 of kube-proxy on \S+ holds every pod’s address\.$/)],
  ])
})

test('a pod outside is named, and the verdict stays', async () => {
  const evidence = await told('clusterCIDR: "10.244.0.0/16"')
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^clusterCIDR 10\.244\.0\.0\/16 of kube-proxy on controller-0 does not hold pod \S+ at 10\.200\.\d+\.\d+ \(and \d+ more\): kube-proxy takes it for a client from outside, hides its address/,
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test.each([
  [
    'another way to tell pods',
    'detectLocalMode: NodeCIDR',
    'kube-proxy on controller-0 tells pods by NodeCIDR, not by their addresses.',
  ],
  ['no range', '', 'kube-proxy on controller-0 was told no range of pods, so none that could be wrong.'],
  [
    'a range of the other family',
    'clusterCIDR: fd00::/48',
    'kube-proxy on controller-0 was told no IPv4 range of pods.',
  ],
])('%s has nothing to compare', async (_, line, says) => {
  expect(found(await told(line), id)).toEqual([['skipped', says]])
})

test('of two ranges the family’s own counts', async () => {
  expect(found(await told('clusterCIDR: fd00::/48,10.200.0.0/16'), id)[0]?.[0]).toBe('pass')
})

test('a configuration that was not read is not known', async () => {
  const evidence = await variant('hard-way-healthy', {
    [config]: null,
    'nodes/controller-0/kube-proxy-configz.json': null,
  })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})
