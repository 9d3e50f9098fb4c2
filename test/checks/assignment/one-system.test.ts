import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster, pods } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/one-system'

test('MetalLB alone, kube-vip alone, and both in the split that is safe', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['pass', 'Neither keepalived, Pacemaker nor another MetalLB serves Service default/nginx-lb beside MetalLB.'],
  ])
  expect(found(await kubeVipCluster(), id)).toEqual([
    ['pass', 'Neither keepalived, Pacemaker nor another MetalLB serves Service default/nginx-lb beside kube-vip.'],
  ])
  expect(await foundIn('control-plane-vip', id)).toEqual([
    ['pass', 'Neither keepalived, Pacemaker nor another MetalLB serves Service default/nginx-lb beside MetalLB.'],
  ])
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'Neither keepalived, Pacemaker nor another MetalLB serves the VIP 10.240.0.5 beside kube-vip.'],
  ])
})

test.each([
  ['keepalived', '/usr/sbin/keepalived', '/etc/keepalived'],
  ['Pacemaker', '/usr/sbin/pacemakerd', 'cibadmin --query'],
])('%s on the node of kube-vip’s leader is no second holder; on another node it is', async (name, command, look) => {
  const running = {
    'nodes/worker-0/processes.txt': (text: string) => `${text.trimEnd()}\n   4242 ${command}\n`,
  }
  expect(found(await kubeVipCluster({ changes: running }), id)[0]?.[0]).toBe('pass')
  const elsewhere = await kubeVipCluster({
    nodes: ['worker-1'],
    holder: 'worker-1',
    bound: [['worker-0', 'eth0']],
    changes: running,
  })
  expect(found(elsewhere, id)).toEqual([
    ['fail', expect.stringContaining(`kube-vip and ${name} (worker-0 runs it and has the VIP on eth0) serve`)],
  ])
  const { findings } = diagnosisOf(elsewhere, '10.240.0.100:80')
  expect(findings.find((one) => one.id === id)?.look).toEqual([expect.stringContaining(look)])
})

test('two MetalLBs', async () => {
  const evidence = await variant('lan-healthy', {
    [pods]: editJson((list: Json) => {
      const own = list.items.find(
        ({ metadata }: Json) => metadata.name.startsWith('controller-') && metadata.namespace === 'metallb-system',
      )
      list.items.push({ ...own, metadata: { ...own.metadata, namespace: 'edge-lb' } })
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringMatching(/^the MetalLB of edge-lb and the MetalLB of metallb-system serve Service/)],
  ])
})
