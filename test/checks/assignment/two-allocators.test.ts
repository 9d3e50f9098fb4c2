import { expect, test } from '@jest/globals'
import { withCaptures } from '../../capture/captures.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/two-allocators'
const pools = 'kubernetes/ipaddresspools.metallb.io.json'

test('kube-vip for the control plane beside MetalLB for Services is healthy, and recognised', async () => {
  expect(await foundIn('control-plane-vip', id)).toEqual([
    [
      'pass',
      'MetalLB serves Services and kube-vip the control plane only (controller-0 and controller-1): they do not meet.',
    ],
  ])
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'kube-vip holds 10.240.0.5 for the control plane, and no pool of MetalLB has it.'],
  ])
  expect(await foundIn('hard-way-healthy', id)).toEqual([['skipped', 'kube-vip is not installed.']])
  expect(found(await kubeVipCluster(), id)).toEqual([['skipped', 'MetalLB is not installed.']])
})

test('a pool that holds the control plane’s VIP', async () => {
  const evidence = await variant('control-plane-vip', {
    [pools]: editJson((list: Json) => {
      list.items[0].spec.addresses = ['10.240.0.0/28']
    }),
  })
  expect(found(evidence, id, '10.240.0.5')).toEqual([
    ['warn', expect.stringMatching(/^MetalLB's pool [\w-]+ holds 10\.240\.0\.5, the control plane's VIP/)],
  ])
})

/** Both systems, with nothing yet that shows a conflict. */
const both = { metallb: true, bound: [], holder: null }

test('CX-01: both without a class are a risk; a class of its own, or an annotation, keeps them apart', async () => {
  expect(found(await kubeVipCluster(both), id)).toEqual([
    [
      'warn',
      'MetalLB and kube-vip would both serve Service default/nginx-lb: neither is limited to a class that the Service does not have.',
    ],
  ])
  expect(found(await kubeVipCluster({ ...both, env: { lb_class_only: 'true' } }), id)).toEqual([
    [
      'pass',
      'kube-vip leaves Service default/nginx-lb alone: it has no class, and kube-vip takes the class kube-vip.io/kube-vip-class only.',
    ],
  ])
  const ignored = await kubeVipCluster({
    ...both,
    service: ({ metadata }) => {
      metadata.annotations['kube-vip.io/ignore'] = 'true'
    },
  })
  expect(found(ignored, id)).toEqual([['pass', expect.stringContaining('its annotation kube-vip.io/ignore is true')]])
  const classed = await kubeVipCluster({
    ...both,
    service: ({ spec }) => {
      spec.loadBalancerClass = 'kube-vip.io/kube-vip-class'
    },
  })
  expect(found(classed, id)).toEqual([
    ['pass', 'MetalLB leaves Service default/nginx-lb to kube-vip: it handles only Services without a class.'],
  ])
})

test('CX-02: the marks of both on one Service', async () => {
  const evidence = await kubeVipCluster({
    ...both,
    service: ({ metadata }) => {
      metadata.annotations['kube-vip.io/vipHost'] = 'worker-0'
    },
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'MetalLB and kube-vip both serve Service default/nginx-lb: it has the annotations metallb.io/ip-allocated-from-pool and kube-vip.io/vipHost.',
    ],
  ])
})

test('CX-03: kube-vip’s ports in the status of a Service of MetalLB', async () => {
  const evidence = await kubeVipCluster({
    ...both,
    service: ({ status }) => {
      status.loadBalancer.ingress[0].ports = [{ port: 80, protocol: 'TCP' }]
    },
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining("its status has kube-vip's ports beside MetalLB's address")],
  ])
})

test('CX-04: two announcers', async () => {
  const evidence = await kubeVipCluster({ metallb: true, holder: 'worker-0' })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('worker-0 has it on an interface while MetalLB announces it from controller-0')],
  ])
})

test('CX-05: the assignment goes to and fro', async () => {
  const evidence = await kubeVipCluster({
    ...both,
    changes: {
      'kubernetes/events.json': editJson((list: Json) => {
        list.items.push({
          metadata: { name: 'nginx-lb.1', namespace: 'default' },
          reason: 'ClearAssignment',
          message: 'current IP ["10.240.0.100"] is not allowed',
          count: 14,
          involvedObject: { kind: 'Service', namespace: 'default', name: 'nginx-lb' },
        })
      }),
    },
  })
  expect(found(evidence, id)).toEqual([['fail', expect.stringContaining('MetalLB took its address back 14 times')]])
})

test('CX-06: both rhythms on the wire', async () => {
  const captured = await withCaptures('lan-healthy', { 'client/two': 'two-announcers-client' })
  const evidence = await kubeVipCluster({
    ...both,
    service: ({ status }) => {
      status.loadBalancer.ingress[0].ip = '10.240.0.103'
    },
    changes: { 'captures/client/two.pcap': bytesOf(captured.store.read('captures/client/two.pcap')) },
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringMatching(/\S+ announces it as MetalLB does and \S+ as kube-vip does/)],
  ])
})

function bytesOf(read: unknown): Uint8Array {
  if (!(read instanceof Uint8Array)) throw new Error('the capture is not there')
  return read
}

test('KV-I04: kube-vip-cloud-provider and MetalLB both gave an address', async () => {
  const evidence = await kubeVipCluster({
    ...both,
    service: ({ metadata }) => {
      metadata.labels = { ...metadata.labels, implementation: 'kube-vip' }
    },
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('kube-vip-cloud-provider labelled it implementation=kube-vip')],
  ])
})
