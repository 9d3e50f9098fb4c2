import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/hostport-hijack'
const chains = ':KUBE-EXT-4OPAUFJG26SLRCPH - [0:0]\n'
const jump = '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES'

/** portmap's chains in front of kube-proxy's, for a VIP that the node holds itself or that a rule names. */
const hijacked = (match: string, to: string) =>
  variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': (text) =>
      text
        .replace(chains, `:CNI-HOSTPORT-DNAT - [0:0]\n:CNI-DN-abc - [0:0]\n${chains}`)
        .replace(`[67:4653] ${jump}`, `-A PREROUTING ${match} -j CNI-HOSTPORT-DNAT\n${jump}`)
        .replace(
          '[5:300] -A KUBE-MARK-MASQ',
          `-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 80 -j CNI-DN-abc\n-A CNI-DN-abc -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}\n[5:300] -A KUBE-MARK-MASQ`,
        ),
  })

test('another chain that takes the VIP is a cause', async () => {
  const evidence = await hijacked('-d 10.240.0.100/32', '10.200.9.9:8080')
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.status, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    'fail',
    'On controller-0 chain CNI-DN-abc of table nat takes the packet before kube-proxy does and sends it to 10.200.9.9:8080, which is no endpoint of the Service.',
  ])
})

test('a hostPort does not catch a VIP that is no address of the node', async () => {
  expect(found(await hijacked('-m addrtype --dst-type LOCAL', '10.200.9.9:8080'), id)).toEqual([
    ['pass', 'On controller-0 nothing translates the VIP but kube-proxy’s own rules.'],
  ])
})

test('a hostPort of an endpoint itself serves the Service', async () => {
  expect(found(await hijacked('-d 10.240.0.100/32', '10.200.2.2:80'), id)[0]?.[0]).toBe('pass')
})

test('nothing but kube-proxy translates in the healthy cluster', async () => {
  expect((await foundIn('hard-way-healthy', id))[0]?.[0]).toBe('pass')
})
