import { expect, test } from '@jest/globals'
import { editJson, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found } from '../../kit/found.ts'

const id = 'assignment/kube-vip-pool'

const provider = {
  metadata: { name: 'kube-vip-cloud-provider', namespace: 'kube-system' },
  spec: {
    template: {
      spec: { containers: [{ name: 'provider', image: 'ghcr.io/kube-vip/kube-vip-cloud-provider:v0.0.12' }] },
    },
  },
}

/** A Service that kube-vip serves, with an address of a pool of kube-vip-cloud-provider. */
const withPool = (data: Record<string, string>, base?: string, env: Record<string, string> = {}) =>
  kubeVipCluster(
    {
      env,
      changes: {
        'kubernetes/deployments.apps.json': editJson((list: Json) => {
          list.items = [provider]
        }),
        'kubernetes/configmaps.json': editJson((list: Json) => {
          list.items.push({ metadata: { name: 'kubevip', namespace: 'kube-system' }, data })
        }),
      },
    },
    base,
  )

test('KV-I03 a pool of the nodes’ subnet that nothing else uses', async () => {
  const says = 'Nothing else is known to have an address of the pool range-global of kube-vip-cloud-provider.'
  expect(found(await withPool({ 'range-global': '10.240.0.100-10.240.0.110' }), id)).toEqual([['pass', says]])
  const ec2 = await withPool({ 'range-global': '10.240.0.100-10.240.0.110' }, 'hard-way-healthy')
  expect(found(ec2, id)).toEqual([['pass', says]])
})

test('KV-I03 a pool with the address of a node, and with one that EC2 keeps', async () => {
  const [[status, says] = []] = found(await withPool({ 'range-global': '10.240.0.20-10.240.0.30' }), id)
  expect([status, says]).toEqual([
    'warn',
    expect.stringMatching(
      /^The pool range-global of kube-vip-cloud-provider holds 10\.240\.0\.20, the address of worker-0.*\. It gives them out like any other\.$/,
    ),
  ])
  const ec2 = await withPool({ 'cidr-global': '10.240.0.0/30' }, 'hard-way-healthy')
  expect(found(ec2, id)).toEqual([['warn', expect.stringContaining('which EC2 keeps in 10.240.0.0/24')]])
})

test('KV-I03 a pool outside the nodes’ subnet is found by nobody by ARP, and may be right by BGP', async () => {
  const outside = { 'range-global': '192.168.7.1-192.168.7.9' }
  const words = /has 192\.168\.7\.1-192\.168\.7\.9, outside the 10\.240\.0\.0\/24 of the nodes: by ARP such a VIP/
  expect(found(await withPool(outside), id)).toEqual([['warn', expect.stringMatching(words)]])
  expect(found(await withPool(outside, 'hard-way-healthy'), id)).toEqual([['warn', expect.stringMatching(words)]])
  const bgp = await withPool(outside, undefined, { vip_arp: 'false', bgp_enable: 'true' })
  expect(found(bgp, id)[0]?.[0]).toBe('pass')
})

test('without a pool, or without the provider, there is nothing to judge', async () => {
  expect(found(await withPool({}), id)).toEqual([
    ['skipped', 'kube-vip-cloud-provider has no pool for Service default/nginx-lb.'],
  ])
  expect(found(await kubeVipCluster(), id)).toEqual([['skipped', 'kube-vip-cloud-provider is not installed.']])
})
