import type { Service } from '../evidence/kubernetes/kinds.ts'

const firstOf = (keys: readonly string[], { metadata }: Service): string | null =>
  keys.find((key) => metadata?.annotations?.[key] !== undefined) ?? null

/** The annotation with which MetalLB's controller marks a Service that it gave an address; null for none. */
export const metallbMark = (service: Service): string | null =>
  firstOf(['metallb.io/ip-allocated-from-pool', 'metallb.universe.tf/ip-allocated-from-pool'], service)

/** The annotation that kube-vip or its cloud provider wrote on a Service; null for none. */
export const kubeVipMark = (service: Service): string | null =>
  firstOf(['kube-vip.io/vipHost', 'kube-vip.io/loadbalancerIPs'], service)
