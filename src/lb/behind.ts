import type { Evidence } from '../evidence/evidence.ts'
import { podNamed } from '../evidence/kubernetes/pods.ts'
import type { Endpoint } from './endpoints.ts'

/**
 * Ingress controllers and gateways by the images of their pods. Envoy also runs as a sidecar in pods of anything: a gateway's pod has nothing
 * but it, and what shuts it down.
 */
const controllers: readonly (readonly [name: string, image: RegExp, every?: RegExp])[] = [
  ['ingress-nginx', /ingress-nginx\/controller|nginx-ingress-controller/],
  ['NGINX Ingress Controller', /nginx\/nginx-ingress\b/],
  ['Traefik', /(^|\/)traefik(:|@|$)/],
  ['HAProxy Ingress', /haproxy-ingress|kubernetes-ingress-controller\/haproxy|haproxytech\/kubernetes-ingress/],
  ['Contour’s Envoy', /projectcontour\//],
  ['Envoy Gateway', /envoyproxy\/gateway\b/],
  ['Envoy', /(^|\/)envoyproxy\/envoy\b/, /(^|\/)envoyproxy\//],
  ['Istio’s gateway', /istio\/proxyv2/, /istio\/proxyv2/],
  ['Kong', /(^|\/)kong(\/kong-gateway)?(:|@|$)/],
]

/** The ingress controller or gateway whose pods stand behind a Service; null where they are of something else. */
export function ingressBehind(evidence: Evidence, endpoints: readonly Endpoint[]): string | null {
  const pods = endpoints
    .flatMap(({ pod }) => podNamed(evidence, pod) ?? [])
    .map(({ spec }) => (spec?.containers ?? []).map(({ image = '' }) => image))
  const found = controllers.find(([, image, every]) =>
    pods.some(
      (images) =>
        images.some((one) => image.test(one)) && (every === undefined || images.every((one) => every.test(one))),
    ),
  )
  return found?.[0] ?? null
}
