import type { Service } from '../../evidence/kubernetes/kinds.ts'

/** The key under which a Service shares its address with others; null for one that shares with nobody. */
export function sharingKey({ metadata }: Service): string | null {
  const { annotations } = metadata ?? {}
  const key = annotations?.['metallb.io/allow-shared-ip'] ?? annotations?.['metallb.universe.tf/allow-shared-ip'] ?? ''
  return key === '' ? null : key
}

/** What keeps two Services from one address; `says` is the rest of a sentence about the second. */
export interface Unshared {
  readonly by: 'key' | 'selector' | 'port'
  readonly says: string
}

/**
 * Why two Services cannot have one address; null where they can. They need one key, other ports, and both externalTrafficPolicy Cluster or
 * one selector (metallb v0.16.1, internal/allocator/allocator.go: sharingOK, checkSharing; k8salloc/k8salloc.go: BackendKey).
 */
export function whyNotShared(holder: Service, service: Service): Unshared | null {
  const [one, other] = [sharingKey(holder), sharingKey(service)]
  if (one === null || one !== other) return { by: 'key', says: 'the two do not share it' }
  if (backendKey(holder) !== backendKey(service))
    return { by: 'selector', says: 'with externalTrafficPolicy Local only Services of one selector share an address' }
  const taken = new Set(portsOf(holder))
  const clash = portsOf(service).find((port) => taken.has(port))
  return clash === undefined ? null : { by: 'port', says: `both want ${clash}` }
}

function backendKey({ spec }: Service): string {
  if (spec?.externalTrafficPolicy !== 'Local') return ''
  return JSON.stringify(Object.entries(spec.selector ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)))
}

const portsOf = ({ spec }: Service): string[] =>
  (spec?.ports ?? []).map(({ protocol = 'TCP', port = 0 }) => `${protocol.toLowerCase()}/${String(port)}`)
