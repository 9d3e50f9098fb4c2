import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import type { KubernetesObject, Pod, Service } from '../../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../../net/address.ts'
import { parseCidr, parseRange, rangeHas, sizeOf, type Range } from '../../net/range.ts'

type ConfigMap = KubernetesObject<'configmaps'>

/** Whether kube-vip-cloud-provider, which gives Services their addresses, is there: its pods or a Deployment that should make them. */
export function cloudProviderInstalled({ kubernetes: { pods, deployments } }: Evidence): Known<boolean> {
  const made = (known(deployments) ?? []).some(({ spec }) =>
    spec?.template?.spec?.containers?.some(({ image }) => isCloudProvider(image)),
  )
  if (made) return true
  if (isGap(pods)) return pods
  return pods.some((pod: Pod) => pod.spec?.containers?.some(({ image }) => isCloudProvider(image)))
}

const isCloudProvider = (image = ''): boolean => image.includes('kube-vip-cloud-provider')

/** The pool of a namespace: a key of the ConfigMap kube-system/kubevip. `shadowed` is a key of that namespace which is never looked at. */
export interface CloudPool {
  readonly key: string
  readonly ranges: readonly Range[]
  readonly size: bigint
  readonly configMap: ConfigMap
  readonly shadowed: string | null
}

/** The ConfigMap with the pools; null where there is none. */
export function poolConfigMap({ kubernetes: { configmaps } }: Evidence): Known<ConfigMap | null> {
  if (isGap(configmaps)) return configmaps
  return configmaps.find(({ metadata }) => metadata?.namespace === 'kube-system' && metadata.name === 'kubevip') ?? null
}

/**
 * Where addresses for a namespace come from: the first key that is set, in the order in which the provider looks, so a global cidr comes
 * before a range of the namespace (kube-vip-cloud-provider v0.0.12 pkg/provider, pkg/ipam). Null for none.
 */
export function cloudPool(configMap: ConfigMap, namespace: string): CloudPool | null {
  const data = configMap.data ?? {}
  const set = poolKeys(namespace).filter((key) => (data[key] ?? '') !== '')
  const [key] = set
  if (key === undefined) return null
  const ranges = (data[key] ?? '').split(',').flatMap((text) => {
    const part = text.trim()
    return (key.startsWith('cidr-') ? parseCidr(part) : parseRange(part)) ?? []
  })
  const ends = key.startsWith('cidr-') && data['skip-end-ips-in-cidr'] === 'true' ? 2n : 0n
  const size = ranges.reduce((sum, range) => sum + (sizeOf(range) > ends ? sizeOf(range) - ends : 0n), 0n)
  return {
    key,
    ranges,
    size,
    configMap,
    shadowed: key === 'cidr-global' && set.includes(`range-${namespace}`) ? `range-${namespace}` : null,
  }
}

/** The keys of a namespace, in the order in which they are looked at. */
export const poolKeys = (namespace: string): readonly string[] => [
  `cidr-${namespace}`,
  'cidr-global',
  `range-${namespace}`,
  'range-global',
]

/** How many addresses of a pool Services have, each counted once. */
export function heldOf({ kubernetes: { services } }: Evidence, { ranges }: CloudPool): number {
  const held = (known(services) ?? [])
    .flatMap((service) => addressesOf(service))
    .filter((text) => {
      const address = parseAddress(text)
      return address !== null && ranges.some((range) => rangeHas(range, address))
    })
  return new Set(held).size
}

const addressesOf = ({ metadata, spec, status }: Service): readonly string[] => [
  ...(metadata?.annotations?.['kube-vip.io/loadbalancerIPs'] ?? '').split(',').map((text) => text.trim()),
  ...(spec?.loadBalancerIP === undefined ? [] : [spec.loadBalancerIP]),
  ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
]
