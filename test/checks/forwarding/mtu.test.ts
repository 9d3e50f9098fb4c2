import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/mtu'
const receiving = 'nodes/controller-0'

test.each(['hard-way-healthy', 'lan-healthy', 'ipvs', 'nftables'])('%s: as wide as the pods think', async (name) => {
  expect((await foundIn(name, id)).map(([status]) => status)).toEqual(['pass'])
})

test('what stays on the node needs no way', async () => {
  expect((await foundIn('etp-local', id)).map(([status]) => status)).toEqual(['skipped'])
})

const mtuOf = (device: string, mtu: number): Change =>
  editJson((links: Json) => {
    links.find(({ ifname }: Json) => ifname === device).mtu = mtu
  })

/** The receiving node reaches both pods through a tunnel. */
const tunnel = (kind: string, mtu: number, more: Readonly<Record<string, Change>> = {}) =>
  variant('hard-way-healthy', {
    [`${receiving}/ip-link.json`]: editJson((links: Json) =>
      links.push({ ifname: 'tun9', mtu, operstate: 'UNKNOWN', flags: ['UP'], linkinfo: { info_kind: kind } }),
    ),
    [`${receiving}/ip-route.json`]: editJson((routes: Json) =>
      routes.push({ dst: '10.200.0.0/16', dev: 'tun9', flags: [] }),
    ),
    'nodes/worker-0/ip-link.json': mtuOf('cni0', mtu),
    'nodes/worker-1/ip-link.json': mtuOf('cni0', mtu),
    ...more,
  })

test.each([
  ['vxlan', 1450, 50],
  ['geneve', 1450, 50],
  ['ipip', 1480, 20],
  ['wireguard', 1440, 60],
])('%s: %d bytes fit into 1500, one more does not', async (kind, mtu, share) => {
  expect(found(await tunnel(kind, mtu), id).map(([status]) => status)).toEqual(['pass'])
  const evidence = await tunnel(kind, mtu + 1)
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        new RegExp(
          `^tun9 of controller-0 carries packets of ${String(mtu + 1)} bytes and adds ${String(share)} to each \\(${kind}\\), and eth0 below it carries 1500: large packets to 10\\.200\\.2\\.2 vanish or are cut up\\.$`,
        ),
      ),
    ],
  ])
  const { verdict, findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, findings.find((one) => one.id === id)?.look[0]]).toEqual([
    'reachable',
    `ssh controller-0 ping -M do -c 3 -s ${String(mtu - 28)} 10.200.2.2`,
  ])
})

test('pods that offer jumbo frames behind a way of 1500', async () => {
  const jumbo = {
    'nodes/worker-0/ip-link.json': mtuOf('cni0', 9001),
    'nodes/worker-1/ip-link.json': mtuOf('cni0', 9001),
  }
  expect(found(await variant('hard-way-healthy', jumbo), id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^cni0 of worker-0, to which the pod 10\.200\.2\.2 is attached, carries packets of 9001 bytes, and eth0 of controller-0 on the way to it 1500/,
      ),
    ],
  ])
  const clamped = await variant('hard-way-healthy', {
    ...jumbo,
    [`${receiving}/iptables-nft-save.txt`]: (text) =>
      text.replace(
        /(\*mangle\n(?:[:#].*\n)*)/,
        '$1-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\n',
      ),
  })
  expect(found(clamped, id).map(([status]) => status)).toEqual(['pass'])
})
