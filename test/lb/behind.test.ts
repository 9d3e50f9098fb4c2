import { expect, test } from '@jest/globals'
import { found } from '../checks/found.ts'
import { editJson, variant, type Json } from '../fixtures.ts'

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
      'Service default/nginx-lb has 2 ready endpoints, pods of ingress-nginx: the VIP ends there, and the controller routes by host and path; each client keeps to one of them.',
    ],
  ])
})
