import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/dnat-present'

test.each([
  'hard-way-healthy',
  'iptables-legacy',
  'nftables',
  'ipvs',
  'kube-proxy-1.23-iptables',
  'kube-proxy-1.29-iptables',
])('%s: both endpoints are found with their shares', async (name) => {
  expect(await foundIn(name, id)).toEqual([
    [
      'pass',
      expect.stringMatching(
        / translates 10\.240\.0\.100:80 \(tcp\) to 10\.200\.\d\.\d:80 \(50 %\) and 10\.200\.\d\.\d:80 \(50 %\)\.$/,
      ),
    ],
  ])
})

test('IPv6 is traced through ip6tables', async () => {
  expect(await foundIn('lan-ipv6', id, '[fd00:240::100]:80')).toEqual([
    ['pass', expect.stringMatching(/ translates \[fd00:240::100\]:80 \(tcp\) to \[fd00:200:.*50 %\) and /)],
  ])
})

test('a node without rules fails', async () => {
  expect(await foundIn('lan-no-kube-proxy-on-announcer', id)).toEqual([
    ['fail', 'controller-0 does not translate 10.240.0.100:80: the packet is sent on as it is, and no pod sees it.'],
  ])
})

test('one removed rule is seen, though every other of the Service is there', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': (text) =>
      text.replace(/.*-A KUBE-SERVICES -d 10\.240\.0\.100\/32.*\n/, ''),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('fail')
})

test('a rule set that ends too early is a gap, never a node without rules', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': (text) => text.slice(0, 3000),
  })
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      expect.stringMatching(
        /^It is not known what controller-0 does with the packet .*cut off: parsing stopped at line \d+/,
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test('a match that is not known makes the answer uncertain, and names the line', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': (text) =>
      text.replace(
        '-A PREROUTING -m comment',
        '-A PREROUTING -m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" -m comment',
      ),
  })
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      expect.stringMatching(
        /^Perhaps controller-0 does not translate .* A rule that this program does not know is on the way: line \d+ of nodes\/controller-0\/iptables-nft-save\.txt\.$/,
      ),
    ],
  ])
})

test('a service proxy other than kube-proxy is named, and nothing false is said', async () => {
  const evidence = await variant('lan-no-kube-proxy-on-announcer', {
    'nodes/controller-0/processes.txt': (text) => `${text}  900 cilium-agent --config-dir=/tmp\n`,
  })
  expect(found(evidence, id)).toEqual([
    ['unknown', 'Services on controller-0 are handled by Cilium, whose table is not in the evidence.'],
  ])
})
