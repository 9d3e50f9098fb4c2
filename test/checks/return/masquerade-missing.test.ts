import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'return/masquerade-missing'
const rules = 'nodes/controller-0/iptables-nft-save.txt'

test.each(['hard-way-healthy', 'ipvs', 'nftables', 'etp-local', 'iptables-legacy', 'kube-proxy-1.23-iptables'])(
  '%s: answers come back through the node',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([
      ['pass', expect.stringMatching(/carries an address of its own, or stays local\.$/)],
    ])
  },
)

test('a packet that keeps the client’s address is answered past the node', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) => text.replace(/.*-A KUBE-EXT-4OPAUFJG26SLRCPH .*-j KUBE-MARK-MASQ\n/, ''),
  })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50')
  expect([verdict, causes.map((one) => one.id), causes[0]?.says]).toEqual([
    'unreachable',
    [id],
    'controller-0 sends the packet on to 10.200.2.2:80 on another node with the client’s own address 10.240.0.50: the pod answers the client directly, from an address that the client never asked.',
  ])
  const proof = causes[0]?.proof.map(({ value }) => String(value)) ?? []
  const others = proof.filter((rule) => !rule.endsWith('-j DNAT --to-destination 10.200.2.2:80'))
  expect(others.length).toBe(proof.length - 1)
  expect(others.every((rule) => rule.includes('POSTROUTING'))).toBe(true)
})

test('a mark that other software clears is the same', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) =>
      text.replace(
        ':POSTROUTING ACCEPT [0:0]\n',
        ':POSTROUTING ACCEPT [0:0]\n-A FORWARD -j MARK --set-xmark 0x0/0xffffffff\n',
      ),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('fail')
})

test('a node gets its own answers', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) => text.replace(/.*-A KUBE-EXT-4OPAUFJG26SLRCPH .*-j KUBE-MARK-MASQ\n/, ''),
  })
  expect(found(evidence, id, 'default/nginx-lb', 'node/controller-0')[0]?.[0]).toBe('pass')
})
