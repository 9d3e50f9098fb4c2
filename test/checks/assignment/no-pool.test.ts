import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { layer2, oldMetallb } from '../../kit/old-metallb.ts'
import { found, foundIn } from '../../kit/found.ts'

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
  const [cause] = diagnosisOf(evidence, 'default/second').causes
  expect([cause?.id, cause?.fix?.summary, cause?.fix?.commands]).toEqual([
    id,
    'move kube-system/first-pool to metallb-system',
    [
      `kubectl -n kube-system get ipaddresspools.metallb.io first-pool -o json | jq '.metadata = {name: .metadata.name, namespace: "metallb-system"} | del(.status)' | kubectl apply -f -`,
      'kubectl -n kube-system delete ipaddresspools.metallb.io first-pool',
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

test('of a version that reads the ConfigMap it is read', async () => {
  const base = { base: 'pending-no-pool' }
  expect(found(await oldMetallb(layer2, {}, base), id)).toEqual([['pass', 'MetalLB has 1 pool in metallb-system.']])
  expect(found(await oldMetallb('address-pools: []', {}, base), id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb is pending because MetalLB has no pool in its ConfigMap metallb-system/config; its controller says so at log level debug only.',
    ],
  ])
  expect(found(await oldMetallb(null, {}, base), id)[0]?.[1]).toMatch(/no pool in its ConfigMap metallb-system\/config/)
  const broken = await oldMetallb('address-pools: [', {}, base)
  expect(found(broken, id)[0]?.[0]).toBe('unknown')
  const { findings } = diagnosisOf(broken, 'default/nginx-lb')
  expect(findings.find((finding) => finding.id === id)?.gaps).toEqual([
    {
      source: 'kubernetes/configmaps.json',
      reason: expect.stringMatching(/^metallb-system\/config is no YAML: .+ at line 2/),
    },
  ])
})

test('a pool passes', async () => {
  expect(await foundIn('pending-pool-exhausted', id, 'default/second')).toEqual([
    ['pass', 'MetalLB has 1 pool in metallb-system.'],
  ])
})
