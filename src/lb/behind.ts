import type { Evidence } from '../evidence/evidence.ts'
import { podNamed } from '../evidence/pods.ts'
import type { Endpoint } from './endpoints.ts'

/** Ingress controllers and gateways by the images of their pods. */
const controllers: readonly (readonly [name: string, image: RegExp])[] = [
  ['ingress-nginx', /ingress-nginx\/controller|nginx-ingress-controller/],
  ['NGINX Ingress Controller', /nginx\/nginx-ingress\b/],
  ['Traefik', /(^|\/)traefik(:|@|$)/],
  ['HAProxy Ingress', /haproxy-ingress|kubernetes-ingress-controller\/haproxy|haproxytech\/kubernetes-ingress/],
  ['Contour’s Envoy', /projectcontour\/|(^|\/)envoyproxy\/envoy\b/],
  ['Istio’s gateway', /istio\/proxyv2/],
  ['Kong', /(^|\/)kong(\/kong-gateway)?(:|@|$)/],
]

/** The ingress controller or gateway whose pods stand behind a Service; null where they are of something else. */
export function ingressBehind(evidence: Evidence, endpoints: readonly Endpoint[]): string | null {
  const images = endpoints
    .flatMap(({ pod }) => podNamed(evidence, pod) ?? [])
    .flatMap(({ spec }) => spec?.containers ?? [])
    .map(({ image = '' }) => image)
  return controllers.find(([, image]) => images.some((one) => image.test(one)))?.[0] ?? null
}
