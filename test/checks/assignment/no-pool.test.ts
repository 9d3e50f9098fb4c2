import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../fixtures.ts'
import { found, foundIn } from '../found.ts'

const id = 'assignment/no-pool'
const pools = 'kubernetes/ipaddresspools.metallb.io.json'

test('without any pool MetalLB gives nothing, and says so to nobody', async () => {
  expect(await foundIn('pending-no-pool', id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb is pending because MetalLB has no IPAddressPool in metallb-system; its controller says so at log level debug only.',
    ],
  ])
})

test('a pool in another namespace is named as what it is', async () => {
  const evidence = await variant('pending-pool-exhausted', {
    [pools]: editJson((list: Json) => {
      for (const { metadata } of list.items) metadata.namespace = 'kube-system'
    }),
  })
  expect(found(evidence, id, 'default/second')).toEqual([
    [
      'fail',
      expect.stringContaining('kube-system/first-pool stands in another namespace, where MetalLB does not look.'),
    ],
  ])
})

/** MetalLB configured as before 0.13. */
const configMap = (list: Json): void => {
  list.items.push({
    metadata: { name: 'config', namespace: 'metallb-system' },
    data: { config: 'address-pools:\n- name: default\n  protocol: layer2\n  addresses: [10.240.0.100-10.240.0.110]\n' },
  })
}
const configured: Change = editJson(configMap)

test('the ConfigMap of old versions does not help a new one', async () => {
  const evidence = await variant('pending-no-pool', { 'kubernetes/configmaps.json': configured })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('metallb-system/config has pools, but since 0.13 MetalLB does not read it.')],
  ])
})

test('of a version that reads the ConfigMap the pools are not known', async () => {
  const evidence = await variant('pending-no-pool', {
    'kubernetes/configmaps.json': configured,
    'kubernetes/pods.json': (text) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, '$1:v0.12.1'),
  })
  expect(found(evidence, id)).toEqual([
    ['unknown', 'MetalLB 0.12.1 is configured by metallb-system/config, whose pools are not read here.'],
  ])
})

test('a pool passes', async () => {
  expect(await foundIn('pending-pool-exhausted', id, 'default/second')).toEqual([
    ['pass', 'MetalLB has 1 pool in metallb-system.'],
  ])
})
