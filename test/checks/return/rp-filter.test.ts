import { expect, test } from '@jest/globals'
import { advertisement, allUp, byBgp } from '../../kit/bgp.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'return/rp-filter'
const strict = (text: string) => text.replace('net.ipv4.conf.all.rp_filter = 0', 'net.ipv4.conf.all.rp_filter = 1')

test('a way back by the same device passes, also in strict mode', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'The reverse path filter of controller-0 lets the packet in.'],
  ])
  expect(found(await variant('hard-way-healthy', { 'nodes/controller-0/sysctl.txt': strict }), id)[0]?.[0]).toBe('pass')
})

test('a way back by another device fails in strict mode', async () => {
  // The kernel asks behind the translation: what routes answers of the pods elsewhere makes the way back another one.
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/sysctl.txt': strict,
    'nodes/controller-0/ip-rule.json': editJson((rules: Json) => {
      rules.push({ priority: 100, src: '10.200.0.0', srclen: 16, table: 'back' })
    }),
    'nodes/controller-0/ip-route.json': editJson((routes: Json) => {
      routes.push({ dst: 'default', dev: 'cni0', table: 'back', flags: [] })
    }),
  })
  const [[status, says] = []] = found(evidence, id, 'default/nginx-lb', '10.240.0.50')
  expect([status, says]).toEqual([
    'fail',
    expect.stringMatching(
      /^On controller-0 the reverse path filter of eth0 \(strict\) drops it: the way back to 10\.240\.0\.50 leads out of cni0\.$/,
    ),
  ])
})

test('a VIP that a router brings by BGP to another interface than answers leave by dies of it too', async () => {
  const base = (filter: (text: string) => string) =>
    variant('lan-healthy', {
      ...byBgp({ up: allUp, reporting: ['worker-0'], advertisements: [onlyWorker0] }),
      'nodes/worker-0/sysctl.txt': filter,
      'nodes/worker-0/ip-rule.json': editJson((rules: Json) => {
        rules.push({ priority: 100, src: '10.200.0.0', srclen: 16, table: 'back' })
      }),
      'nodes/worker-0/ip-route.json': editJson((routes: Json) => {
        routes.push({ dst: 'default', dev: 'cni0', table: 'back', flags: [] })
      }),
    })
  const onlyWorker0 = advertisement('bgp', {
    nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'worker-0' } }],
  })
  const loose = (text: string) =>
    text.replace(/net\.ipv4\.conf\.all\.rp_filter = \d/, 'net.ipv4.conf.all.rp_filter = 2')
  const hard = (text: string) => text.replace(/net\.ipv4\.conf\.all\.rp_filter = \d/, 'net.ipv4.conf.all.rp_filter = 1')
  expect(found(await base(hard), id, 'default/nginx-lb', '10.240.0.50')[0]).toEqual([
    'fail',
    expect.stringMatching(/^On worker-0 the reverse path filter of eth0 \(strict\) drops it/),
  ])
  expect(found(await base(loose), id, 'default/nginx-lb', '10.240.0.50')[0]?.[0]).toBe('pass')
})

test('KV-N05 a node with two interfaces: kube-vip’s VIP on the one, the way back by the other', async () => {
  const wanted = (mode: string) =>
    kubeVipCluster({
      changes: {
        'nodes/worker-0/sysctl.txt': (text: string) =>
          text.replace(/net\.ipv4\.conf\.(all|eth0)\.rp_filter = \d/g, `net.ipv4.conf.$1.rp_filter = ${mode}`),
        'nodes/worker-0/ip-rule.json': editJson((rules: Json) => {
          rules.push({ priority: 100, src: '10.200.0.0', srclen: 16, table: 'back' })
        }),
        'nodes/worker-0/ip-route.json': editJson((routes: Json) => {
          routes.push({ dst: 'default', dev: 'cni0', table: 'back', flags: [] })
        }),
      },
    })
  expect(found(await wanted('1'), id, 'default/nginx-lb', '10.240.0.50')).toEqual([
    ['fail', expect.stringMatching(/^On worker-0 the reverse path filter of eth0 \(strict\) drops it/)],
  ])
  expect(found(await wanted('2'), id, 'default/nginx-lb', '10.240.0.50')[0]?.[0]).toBe('pass')
})
