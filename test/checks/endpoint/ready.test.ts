import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, fixture, variant, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'endpoint/ready'

test('ready endpoints pass', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([['pass', 'Service default/nginx-lb has 2 ready endpoints.']])
})

test.each([
  [
    'no-endpoints',
    'default/nginx-lb',
    /^Service default\/nginx-lb has no ready endpoint: no pod has the labels app=nginx-typo that it selects; 2 pods have app=nginx\.$/,
  ],
  ['kube-proxy-1.34-nftables-empty', 'default/empty', /^Service default\/empty has no ready endpoint/],
  [
    'hard-way-four-faults',
    'default/nginx-lb',
    /its 2 pods have no address; pod default\/nginx-\S+ waits: ContainerCreating\.$/,
  ],
])('%s: says what is missing', async (name, target, says) => {
  expect(await foundIn(name, id, target)).toEqual([['fail', expect.stringMatching(says)]])
})

test('a selector that misses its pods by one value is mended by theirs', async () => {
  const [cause] = diagnosisOf(await fixture('no-endpoints'), 'default/nginx-lb').causes
  expect(cause?.fix).toMatchObject({
    summary: 'select app=nginx',
    commands: [`kubectl -n default patch service nginx-lb -p '{"spec":{"selector":{"app":"nginx"}}}'`],
  })
})

const selecting = (selector: Json) =>
  variant('hard-way-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.selector = selector
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const slice of list.items)
        if (slice.metadata.labels['kubernetes.io/service-name'] === 'nginx-lb') slice.endpoints = []
    }),
  })

test.each([
  [{ app: 'ngnix' }, 'select app=nginx'],
  [{ app: 'nginx', tier: 'web' }, undefined],
  [{ app: 'database' }, undefined],
])('selector %j: %s', async (selector, summary) => {
  const [cause] = diagnosisOf(await selecting(selector), 'default/nginx-lb').causes
  expect([cause?.id, cause?.reason, cause?.fix?.summary]).toEqual([id, 'no-pod-selected', summary])
})

test('of a Deployment that is to make no pod, one is made', async () => {
  const evidence = await variant('no-endpoints', {
    'kubernetes/services.json': (text) => text.replaceAll('nginx-typo', 'nginx'),
    'kubernetes/pods.json': editJson((list: Json) => {
      list.items = list.items.filter(({ metadata }: Json) => metadata.labels?.app !== 'nginx')
    }),
    'kubernetes/deployments.apps.json': editJson((list: Json) => {
      const [deployment] = list.items
      const template = { ...deployment.spec.template, metadata: { labels: { app: 'nginx' } } }
      const metadata = { ...deployment.metadata, name: 'web', namespace: 'default' }
      list.items.push({ ...deployment, metadata, spec: { ...deployment.spec, replicas: 0, template } })
    }),
  })
  const [cause] = diagnosisOf(evidence, 'default/nginx-lb').causes
  expect([cause?.id, cause?.says]).toEqual([
    id,
    expect.stringContaining('; Deployment web, which makes them, has 0 replicas.'),
  ])
  expect(cause?.fix?.commands).toEqual(['kubectl -n default scale deployment web --replicas=1'])
})

test('of pods whose kubelets went silent, the kubelets are started', async () => {
  const evidence = await variant('hard-way-healthy', {
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const { endpoints } of list.items)
        for (const endpoint of endpoints ?? []) endpoint.conditions = { ready: false }
    }),
    'kubernetes/nodes.json': editJson((list: Json) => {
      for (const { metadata, status } of list.items)
        for (const one of status.conditions)
          if (metadata.name.startsWith('worker-') && one.type === 'Ready') one.status = 'Unknown'
    }),
  })
  const cause = diagnosisOf(evidence, 'default/nginx-lb').causes.find((one) => one.id === id)
  expect(cause?.says).toContain('; the kubelet of worker-0 and worker-1 no longer reports.')
  expect(cause?.fix?.commands).toEqual([
    'ssh worker-0 sudo systemctl restart kubelet',
    'ssh worker-1 sudo systemctl restart kubelet',
  ])
})

test('endpoints that are not ready do not count', async () => {
  const evidence = await variant('hard-way-healthy', {
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const { endpoints } of list.items)
        for (const endpoint of endpoints ?? []) endpoint.conditions = { ready: false }
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['fail', 'Service default/nginx-lb has no ready endpoint: none of its 2 endpoints is ready.'],
  ])
})

test('an absent condition means ready', async () => {
  const evidence = await variant('hard-way-healthy', {
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const { endpoints } of list.items) for (const endpoint of endpoints ?? []) delete endpoint.conditions
    }),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('a Service without a selector and without slices has nothing behind it, and MetalLB announces it nowhere', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items) if (metadata.name === 'nginx-lb') delete spec.selector
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      list.items = list.items.filter(({ metadata }: Json) => !metadata.name.startsWith('nginx-lb'))
    }),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
  })
  expect(found(evidence, 'endpoint/ready')).toEqual([
    [
      'fail',
      'Service default/nginx-lb has no ready endpoint: it has no selector and no EndpointSlice with an address.',
    ],
  ])
  expect(found(evidence, 'announcement/announcer-differs')).toEqual([['skipped', 'MetalLB would elect nobody now.']])
})

test('KV-E02 kube-vip announces a VIP without a ready endpoint, and the end of it is said here', async () => {
  const wanted = (ready: boolean) =>
    kubeVipCluster({
      changes: {
        'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
          for (const { endpoints = [] } of list.items)
            for (const one of endpoints ?? []) one.conditions = { ready, serving: ready, terminating: false }
        }),
      },
    })
  const dead = await wanted(false)
  expect(found(dead, 'announcement/kube-vip-lease')[0]?.[0]).toBe('pass')
  expect(found(dead, id)[0]?.[0]).toBe('fail')
  expect(found(await wanted(true), id)[0]?.[0]).toBe('pass')
})
