import { expect, test } from '@jest/globals'
import { found } from '../kit/found.ts'
import { editJson, variant, type Json } from '../kit/fixtures.ts'

test('an ingress controller behind the VIP is named in the path: host routing is its job', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name.startsWith('nginx-'))
          spec.containers[0].image = 'registry.k8s.io/ingress-nginx/controller:v1.12.0'
    }),
    'kubernetes/services.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.sessionAffinity = 'ClientIP'
    }),
  })
  expect(found(evidence, 'endpoint/ready')).toEqual([
    [
      'pass',
      'Service default/nginx-lb has 2 ready endpoints, pods of ingress-nginx: the VIP ends there, and the controller routes by host and path; each client keeps to one of them for 10800 s.',
    ],
  ])
})

const behind = async (...images: string[]) => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name.startsWith('nginx-'))
          spec.containers = images.map((image, index) => ({ name: `c${String(index)}`, image }))
    }),
  })
  return /pods of (.*): the VIP ends there/.exec(found(evidence, 'endpoint/ready')[0]?.[1] ?? '')?.[1]
}

test.each([
  ['Traefik', ['docker.io/library/traefik:v3.1']],
  ['HAProxy Ingress', ['quay.io/jcmoraisjr/haproxy-ingress:v0.14']],
  ['HAProxy Ingress', ['docker.io/haproxytech/kubernetes-ingress:3.0']],
  ['NGINX Ingress Controller', ['docker.io/nginx/nginx-ingress:3.7']],
  ['Contour’s Envoy', ['docker.io/envoyproxy/envoy:v1.31', 'ghcr.io/projectcontour/contour:v1.30']],
  ['Envoy Gateway', ['docker.io/envoyproxy/envoy:v1.31', 'docker.io/envoyproxy/gateway:v1.2']],
  ['Istio’s gateway', ['docker.io/istio/proxyv2:1.24']],
  ['Kong', ['docker.io/library/kong:3.9']],
  ['Kong', ['kong/kong-gateway:3.9']],
])('%s by the images %j', async (name, images) => {
  expect(await behind(...images)).toBe(name)
})

test('a sidecar makes no gateway of what it stands beside', async () => {
  expect(await behind('docker.io/library/nginx:1.27', 'docker.io/istio/proxyv2:1.24')).toBe(undefined)
  expect(await behind('shop:1', 'docker.io/envoyproxy/envoy:v1.31')).toBe(undefined)
})
