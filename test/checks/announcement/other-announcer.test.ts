import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { also, withoutMetallbAnd } from '../../kit/other-systems.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/other-announcer'
const unchanged = () => undefined
const classed = (name: string) => (service: Json) => {
  service.spec.loadBalancerClass = name
}

test('MetalLB and kube-vip have their own checks, and in a VPC nothing hangs on an announcement', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['skipped', 'MetalLB serves this Service.']])
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['skipped', 'EC2 delivers by ownership and by routes, and answers ARP itself: no packet hangs on an announcement.'],
  ])
})

test('where MetalLB is gone and its mark is left, nobody announces, and the VIP is unreachable', async () => {
  const evidence = await withoutMetallbAnd((service: Json) => {
    service.metadata.annotations = { 'metallb.io/ip-allocated-from-pool': 'first-pool' }
  })
  expect(found(evidence, id)).toEqual([
    ['fail', 'Nothing announces 10.240.0.100: MetalLB gave it to the Service and is not installed any more.'],
  ])
  const { verdict, causes } = diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50')
  expect([verdict, causes[0]?.id]).toEqual(['unreachable', id])
})

test('where nothing shows who announces, the answer is unknown, and never reachable', async () => {
  const evidence = await withoutMetallbAnd(unchanged)
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      'Nothing that is known here announces 10.240.0.100: neither MetalLB nor kube-vip serves the Service, and no node that was read has the address on an interface.',
    ],
  ])
  expect(diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50').verdict).toBe('inconclusive')
})

test('an address on an interface of a node is answered for by its kernel', async () => {
  const evidence = await withoutMetallbAnd(unchanged, {
    'nodes/worker-1/ip-addr.json': (text) =>
      text.replace('"local":"10.240.0.', '"family":"inet","local":"10.240.0.100","prefixlen":32},{"local":"10.240.0.'),
  })
  expect(found(evidence, id)).toEqual([['pass', 'worker-1 has 10.240.0.100 on eth0, so its kernel answers for it.']])
  expect(diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50').receiving).toEqual({
    by: 'announcer',
    nodes: ['worker-1'],
  })
})

const lease = (holderIdentity: string, renewTime: string) => ({
  metadata: { name: 'cilium-l2announce-default-nginx-lb', namespace: 'kube-system' },
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime },
})

test('the holder of Cilium’s lease answers, as long as it holds', async () => {
  const time = (await fixture('lan-healthy')).time as string
  const holding = (at: string) =>
    withoutMetallbAnd(classed('io.cilium/l2-announcer'), {
      'kubernetes/leases.coordination.k8s.io.json': also(lease('worker-1', at)),
      'kubernetes/ciliuml2announcementpolicies.cilium.io.json': JSON.stringify({
        items: [{ metadata: { name: 'lan' }, spec: { loadBalancerIPs: true } }],
      }),
    })
  const evidence = await holding(time)
  expect(found(evidence, id)).toEqual([
    [
      'pass',
      'Cilium takes in packets for 10.240.0.100: worker-1 holds the lease kube-system/cilium-l2announce-default-nginx-lb.',
    ],
  ])
  expect(diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50').receiving.nodes).toEqual(['worker-1'])
  expect(found(await holding('2020-01-01T00:00:00.000000Z'), id)).toEqual([
    [
      'fail',
      'Cilium takes in no packet for 10.240.0.100: nobody holds the lease kube-system/cilium-l2announce-default-nginx-lb.',
    ],
  ])
})

test.each([
  ['service.k8s.aws/nlb', 'The AWS Load Balancer Controller'],
  ['kube-router', 'kube-router'],
  ['calico', 'Calico'],
])('of a Service of class %s it is said whose it is, and no more', async (name, system) => {
  expect(found(await withoutMetallbAnd(classed(name)), id)).toEqual([
    [
      'unknown',
      `${system} serves the Service, since its class is ${name}; whether it announces 10.240.0.100, and from where, is not in the evidence.`,
    ],
  ])
})

const pod = (name: string, image: string, more: object = {}) => ({
  metadata: { name, namespace: 'kube-system', labels: {} },
  spec: { nodeName: 'worker-0', containers: [{ name: 'one', image, ...more }] },
  status: { phase: 'Running' },
})

test.each([
  ['keepalived', pod('keepalived-1', 'docker.io/osixia/keepalived:2.0.20')],
  [
    'kube-router',
    pod('kube-router-1', 'docker.io/cloudnativelabs/kube-router:v2.5', { args: ['--advertise-loadbalancer-ip=true'] }),
  ],
  ['OpenELB', pod('openelb-speaker', 'kubesphere/openelb:v0.5')],
  ['PureLB', pod('lbnodeagent', 'registry/purelb/lbnodeagent:v0.9')],
])('%s is named where it may announce', async (name, object) => {
  expect(found(await withoutMetallbAnd(unchanged, { 'kubernetes/pods.json': also(object) }), id)).toEqual([
    [
      'unknown',
      `Whether ${name} announces 10.240.0.100 is not in the evidence; neither MetalLB nor kube-vip serves the Service.`,
    ],
  ])
})

test('a kube-router that does not advertise load balancers, and a Cilium without announcements, are not named', async () => {
  const config = { metadata: { name: 'cilium-config', namespace: 'kube-system' } }
  const said = async (data: object) =>
    found(
      await withoutMetallbAnd(unchanged, {
        'kubernetes/pods.json': also(pod('kube-router-1', 'cloudnativelabs/kube-router:v2.5', { args: [] })),
        'kubernetes/configmaps.json': also({ ...config, data }),
      }),
      id,
    )[0]?.[1]
  expect(await said({ 'enable-l2-announcements': 'false' })).toMatch(/^Nothing that is known here announces/)
  expect(await said({ 'enable-l2-announcements': 'true' })).toMatch(/^Whether Cilium announces/)
})
