import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import { objectName } from '../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../net/address.ts'
import { parseCidrOrAddress, rangeHas } from '../net/range.ts'

/** The addresses of API servers (the endpoints of default/kubernetes) that no node of the cluster has: hosts without kubelet. */
export function hostsOffCluster({
  kubernetes: { endpointslices, nodes },
}: Evidence): Known<readonly { readonly address: string; readonly proof: Proof }[]> {
  if (isGap(endpointslices)) return endpointslices
  if (isGap(nodes)) return nodes
  const own = new Set(
    nodes.flatMap(({ status }) =>
      (status?.addresses ?? []).flatMap(({ address }) => parseAddress(address)?.text ?? []),
    ),
  )
  return endpointslices
    .filter(
      ({ metadata }) =>
        metadata?.namespace === 'default' && metadata.labels?.['kubernetes.io/service-name'] === 'kubernetes',
    )
    .flatMap((slice) =>
      (slice.endpoints ?? []).flatMap(({ addresses = [] }, index) =>
        addresses.flatMap((text, at) => {
          const address = parseAddress(text)?.text
          return address === undefined || own.has(address)
            ? []
            : [{ address, proof: cite(slice, 'endpoints', index, 'addresses', at) }]
        }),
      ),
    )
}

/** A kube-apiserver whose requests to a Service go through a proxy. */
export interface Proxied {
  readonly pod: string
  readonly node: string | undefined
  readonly by: string
  readonly noProxy: string
  readonly proof: readonly Proof[]
}

/**
 * The kube-apiserver pod that would ask an HTTP proxy for a Service (`namespace/name`); null where none does, or where its variables were
 * not collected with their values. Go's HTTP client matches NO_PROXY against the name that it asks for, `NAME.NAMESPACE.svc`.
 */
export function proxiedApiServer(evidence: Evidence, service: string, clusterIP: string | undefined): Proxied | null {
  const [namespace = '', name = ''] = service.split('/')
  const host = `${name}.${namespace}.svc`
  for (const pod of known(evidence.kubernetes.pods) ?? []) {
    const at = (pod.spec?.containers ?? []).findIndex((one) => one.name === 'kube-apiserver')
    const env = pod.spec?.containers?.[at]?.env ?? []
    const index = (wanted: string): number => env.findIndex((one) => one.name?.toUpperCase() === wanted)
    const proxy = index('HTTPS_PROXY')
    const except = index('NO_PROXY')
    const value = except === -1 ? '' : env[except]?.value
    if (proxy === -1 || env[proxy]?.value === '' || value === undefined || excepted(value, host, clusterIP)) continue
    return {
      pod: objectName(pod),
      node: pod.spec?.nodeName,
      by: env[proxy]?.name ?? '',
      noProxy: value === '' ? 'empty' : value,
      proof: [proxy, except]
        .filter((one) => one !== -1)
        .map((one) => cite(pod, 'spec', 'containers', at, 'env', one, 'name')),
    }
  }
  return null
}

/** golang.org/x/net/http/httpproxy, Config.NoProxy: a domain means its subdomains too, `.svc` only those. */
function excepted(noProxy: string, host: string, clusterIP: string | undefined): boolean {
  const address = parseAddress(clusterIP)
  return noProxy.split(',').some((part) => {
    const text = part.trim().toLowerCase()
    if (text === '*') return true
    const range = parseCidrOrAddress(text)
    if (range !== null) return address !== null && rangeHas(range, address)
    const domain = text.replace(/^\*?\.?/, '')
    return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
  })
}
