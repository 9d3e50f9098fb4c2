import { editJson, type Change, type Json } from './fixtures.ts'

/** The Service default/nginx-lb with externalTrafficPolicy: Local, as an edit of its object. */
export const local = (service: Json): void => {
  service.spec.externalTrafficPolicy = 'Local'
}

/** Only the endpoints of default/nginx-lb on these nodes are left. */
export const endpointsOn = (...nodes: readonly string[]): Readonly<Record<string, Change>> => ({
  'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
    for (const slice of list.items)
      if (slice.metadata.labels['kubernetes.io/service-name'] === 'nginx-lb')
        slice.endpoints = slice.endpoints.filter(({ nodeName }: Json) => nodes.includes(nodeName))
  }),
})
