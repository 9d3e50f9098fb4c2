import { expect, test } from '@jest/globals'
import { fixtureStore, variant } from '../../kit/fixtures.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/mode-drift'
const config = 'nodes/controller-0/kube-proxy-config.yaml'
const mode = 'nodes/controller-0/proxy-mode.txt'

test.each([
  ['hard-way-healthy', 'iptables'],
  ['iptables-legacy', 'iptables'],
  ['nftables', 'nftables'],
  ['ipvs', 'ipvs'],
  ['kube-proxy-1.23-iptables', 'iptables'],
])('%s: configuration, process and rules agree on %s', async (name, expected) => {
  expect(await foundIn(name, id)).toEqual([
    [
      'pass',
      expect.stringMatching(new RegExp(`^kube-proxy on \\S+ works in mode ${expected}, and only that mode’s rules`)),
    ],
  ])
})

test('a kube-proxy that fell back to iptables is named', async () => {
  const evidence = await variant('kube-proxy-1.23-iptables', {
    [config]: (text) => text.replace('mode: iptables', 'mode: "ipvs"  # fast'),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'kube-proxy on controller-0 was told to work in mode ipvs and works in mode iptables: it was not restarted since, or could not have the other.',
    ],
  ])
})

test('an unset mode is no drift', async () => {
  const evidence = await variant('hard-way-healthy', { [config]: (text) => text.replace('mode: iptables', "mode: ''") })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('rules of an earlier mode are left over', async () => {
  const nft = (await fixtureStore('nftables')).read('nodes/controller-0/nft-ruleset.json')
  if (isGap(nft)) throw new Error(nft.reason)
  const evidence = await variant('hard-way-healthy', { 'nodes/controller-0/nft-ruleset.json': Buffer.from(nft) })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'kube-proxy on controller-0 works in mode iptables, and rules of mode nftables are loaded besides: they are left over and follow no change.',
    ],
  ])
})

test('says nothing where no kube-proxy runs, and does not guess the mode', async () => {
  expect((await foundIn('hard-way-four-faults', id))[0]?.[0]).toBe('skipped')
  expect(found(await variant('hard-way-healthy', { [mode]: null }), id)[0]?.[0]).toBe('unknown')
  const evidence = await variant('hard-way-healthy', {
    [mode]: 'iptables',
    'nodes/controller-0/processes.txt': '    1 init\n',
    'nodes/controller-0/ss-listen.txt': '',
  })
  expect(found(evidence, id)).toEqual([['skipped', 'No kube-proxy runs on controller-0.']])
})
