import type { Service } from '../../evidence/kubernetes/kinds.ts'

/** The key under which a Service shares its address with others; null for one that shares with nobody. */
export function sharingKey({ metadata }: Service): string | null {
  const { annotations } = metadata ?? {}
  const key = annotations?.['metallb.io/allow-shared-ip'] ?? annotations?.['metallb.universe.tf/allow-shared-ip'] ?? ''
  return key === '' ? null : key
}

/**
 * Why two Services cannot have one address, as the rest of a sentence about the second; null where they can. They need one key, other ports,
 * and both externalTrafficPolicy Cluster or one selector (metallb v0.16.1, internal/allocator/allocator.go: sharingOK, checkSharing;
 * k8salloc/k8salloc.go: BackendKey).
 */
export function whyNotShared(holder: Service, service: Service): string | null {
  const [one, other] = [sharingKey(holder), sharingKey(service)]
  if (one === null || one !== other) return 'the two do not share it'
  if (backendKey(holder) !== backendKey(service))
    return 'with externalTrafficPolicy Local only Services of one selector share an address'
  const taken = new Set(portsOf(holder))
  const clash = portsOf(service).find((port) => taken.has(port))
  return clash === undefined ? null : `both want ${clash}`
}

function backendKey({ spec }: Service): string {
  if (spec?.externalTrafficPolicy !== 'Local') return ''
  return JSON.stringify(Object.entries(spec.selector ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)))
}

const portsOf = ({ spec }: Service): string[] =>
  (spec?.ports ?? []).map(({ protocol = 'TCP', port = 0 }) => `${protocol.toLowerCase()}/${String(port)}`)
