import { expect, test } from '@jest/globals'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster, type KubeVipCluster } from '../../kit/kube-vip.ts'
import { found } from '../../kit/found.ts'

const id = 'assignment/vip-assigned'
const configmaps = 'kubernetes/configmaps.json'

/** A Service without an address that kube-vip serves; with kube-vip-cloud-provider and the pools of its ConfigMap, where they are given. */
function pending(pools: Record<string, string> | null, wanted: KubeVipCluster = {}): Promise<Evidence> {
  return kubeVipCluster({
    bound: [],
    ...wanted,
    service: (service, all) => {
      service.status = { loadBalancer: {} }
      delete service.metadata.annotations
      delete service.spec.loadBalancerIP
      wanted.service?.(service, all)
    },
    changes:
      pools === null
        ? {}
        : {
            'kubernetes/deployments.apps.json': editJson((list: Json) => {
              list.items = [
                {
                  metadata: { name: 'kube-vip-cloud-provider', namespace: 'kube-system' },
                  spec: {
                    template: {
                      spec: {
                        containers: [{ name: 'provider', image: 'ghcr.io/kube-vip/kube-vip-cloud-provider:v0.0.12' }],
                      },
                    },
                  },
                },
              ]
            }),
            [configmaps]: editJson((list: Json) => {
              if (Object.keys(pools).length > 0)
                list.items.push({ metadata: { name: 'kubevip', namespace: 'kube-system' }, data: pools })
            }),
          },
  })
}

test('nothing gives the Service an address', async () => {
  const evidence = await pending(null)
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb is pending because it has no address and nothing gives it one: kube-vip takes what kube-vip.io/loadbalancerIPs or spec.loadBalancerIP says, and kube-vip-cloud-provider is not installed.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').causes.map((cause) => cause.id)).toEqual([id])
})

test.each([
  [
    'no ConfigMap',
    {},
    'Service default/nginx-lb is pending because kube-vip-cloud-provider has no address to give: there is no ConfigMap kube-system/kubevip (cidr-default, cidr-global, range-default and range-global).',
  ],
  [
    'no pool for the namespace',
    { 'range-shop': '10.240.0.110-10.240.0.120' },
    'Service default/nginx-lb is pending because kube-vip-cloud-provider has no address to give: ConfigMap kube-system/kubevip has no pool for its namespace (cidr-default, cidr-global, range-default and range-global).',
  ],
  [
    'a global cidr before the namespace’s own range',
    { 'cidr-global': '10.240.0.128/30', 'range-default': '10.240.0.110-10.240.0.120', 'skip-end-ips-in-cidr': 'true' },
    'Service default/nginx-lb is pending although the pool cidr-global of kube-vip-cloud-provider has 2 free addresses: the provider has not handled it. cidr-global comes before range-default, which is never looked at.',
  ],
])('kube-vip-cloud-provider: %s', async (_, pools, says) => {
  expect(found(await pending(pools), id)).toEqual([['fail', says]])
})

test('a pool whose addresses Services have is full', async () => {
  const evidence = await pending(
    { 'range-default': '10.240.0.101-10.240.0.102' },
    {
      service: (_, all) => {
        for (const [name, ip] of [
          ['one', '10.240.0.101'],
          ['other', '10.240.0.102'],
          ['sharing', '10.240.0.102'],
        ])
          all.push({
            metadata: { name, namespace: 'shop' },
            spec: { type: 'LoadBalancer', ports: [] },
            status: { loadBalancer: { ingress: [{ ip }] } },
          })
      },
    },
  )
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb is pending because the pool range-default of kube-vip-cloud-provider is full: Services have all of its 2 addresses.',
    ],
  ])
})

test('kube-vip leaves the Service alone, and why', async () => {
  const classed = await pending(null, {
    service: ({ spec }) => {
      spec.loadBalancerClass = 'example.org/other'
    },
  })
  expect(found(classed, id)).toEqual([
    [
      'fail',
      "Service default/nginx-lb is pending because kube-vip leaves it alone: its class is example.org/other, and kube-vip's is kube-vip.io/kube-vip-class.",
    ],
  ])
  const elsewhere = await pending(null, { env: { svc_namespace: 'shop' } })
  expect(found(elsewhere, id)).toEqual([['fail', expect.stringContaining('kube-vip watches the namespace shop only')]])
})

test('an address that nobody wrote into the status', async () => {
  const asked = {
    service: ({ metadata }: Json) => {
      metadata.annotations = { 'kube-vip.io/loadbalancerIPs': '10.240.0.100' }
    },
  }
  expect(found(await pending(null, asked), id)).toEqual([
    [
      'fail',
      "Service default/nginx-lb has the address 10.240.0.100, but kube-vip has not put it into the Service's status, so kube-proxy makes no rule for it.",
    ],
  ])
  expect(found(await pending(null, { ...asked, env: { disable_service_updates: 'true' } }), id)).toEqual([
    ['fail', expect.stringMatching(/: disable_service_updates is true\.$/)],
  ])
})

test('a Service of kube-vip’s class beside MetalLB is not MetalLB’s fault', async () => {
  const evidence = await pending(null, {
    metallb: true,
    service: ({ spec }) => {
      spec.loadBalancerClass = 'kube-vip.io/kube-vip-class'
    },
  })
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => [cause.id, cause.says])).toEqual([
    [id, expect.stringContaining('kube-vip-cloud-provider is not installed')],
  ])
})

test('where the address comes from is said of a Service that has one', async () => {
  expect(found(await kubeVipCluster(), id)).toEqual([
    ['pass', 'Service default/nginx-lb has the VIP 10.240.0.100, from kube-vip.io/loadbalancerIPs.'],
  ])
})

test('KV-S03 without the legacy handling, or with lb_class_only, a Service without a class is left alone', async () => {
  const says = expect.stringContaining('it has no class, and kube-vip takes the class kube-vip.io/kube-vip-class only')
  for (const env of [{ lb_class_only: 'true' }, { lb_class_legacy_handling: 'false' }])
    expect(found(await pending(null, { env }), id)).toEqual([['fail', says]])
  const named = await pending(null, {
    env: { lb_class_only: 'true', lb_class_name: 'example.org/edge' },
    service: ({ spec }) => {
      spec.loadBalancerClass = 'example.org/edge'
    },
  })
  expect(found(named, id)[0]?.[1]).toContain('kube-vip-cloud-provider is not installed')
})

test('KV-S04 a namespace that kube-vip watches is not the reason', async () => {
  const evidence = await pending(null, { env: { svc_namespace: 'default' } })
  expect(found(evidence, id)[0]?.[1]).toContain('kube-vip-cloud-provider is not installed')
})

test('KV-S06 a Service that asks for a leader of its own needs per_service_election_on_demand', async () => {
  const forced = {
    service: ({ metadata }: Json) => {
      metadata.annotations = { 'kube-vip.io/forcePerServiceElection': 'true' }
    },
  }
  expect(found(await pending(null, forced), id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb is pending because kube-vip leaves it alone: its annotation kube-vip.io/forcePerServiceElection is true, and kube-vip runs without per_service_election_on_demand.',
    ],
  ])
  const { causes } = diagnosisOf(await pending(null, forced), 'default/nginx-lb')
  expect(causes[0]?.fix?.commands).toEqual([
    'kubectl -n default annotate service nginx-lb kube-vip.io/forcePerServiceElection-',
  ])
  const onDemand = await pending(null, { ...forced, env: { per_service_election_on_demand: 'true' } })
  expect(found(onDemand, id)[0]?.[1]).toContain('kube-vip-cloud-provider is not installed')
  const older = await pending(null, {
    ...forced,
    pods: (pods) => {
      for (const { spec } of pods) spec.containers[0].image = 'ghcr.io/kube-vip/kube-vip:v1.2.1'
    },
  })
  expect(found(older, id)[0]?.[1]).toContain('kube-vip-cloud-provider is not installed')
})
