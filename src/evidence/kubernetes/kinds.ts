import { balancerKinds } from './balancers.ts'
import { coreKinds } from './core.ts'
import type { labelSelector } from './kind.ts'
import { networkKinds } from './networks.ts'
import { policyKinds } from './policies.ts'
import type { Shaped } from '../shape.ts'

/** Every kind of Kubernetes object that vipdoctor reads. The key in kebab case, behind `kubernetes/`, is the kind's name in a check's `needs`. */
export const kubernetesKinds = { ...coreKinds, ...balancerKinds, ...networkKinds, ...policyKinds } as const

/** The name of a kind in the evidence: `evidence.kubernetes[name]`. */
export type KubernetesKindName = keyof typeof kubernetesKinds

/** An object of one kind, as kept. */
export type KubernetesObject<K extends KubernetesKindName> = Shaped<(typeof kubernetesKinds)[K]['shape']>

/** Objects, and parts of them, by the API’s own names; those of Kube-OVN with `Ovn` before them. */
export type Service = KubernetesObject<'services'>
export type ServicePort = NonNullable<NonNullable<NonNullable<Service['spec']>['ports']>[number]>
export type Node = KubernetesObject<'nodes'>
export type Pod = KubernetesObject<'pods'>
export type EndpointSlice = KubernetesObject<'endpointslices'>
export type Lease = KubernetesObject<'leases'>
export type IPAddressPool = KubernetesObject<'ipaddresspools'>
export type L2Advertisement = KubernetesObject<'l2advertisements'>
export type BGPAdvertisement = KubernetesObject<'bgpadvertisements'>
export type BGPPeer = KubernetesObject<'bgppeers'>
export type OvnVip = KubernetesObject<'vips'>
export type SwitchLBRule = KubernetesObject<'switchlbrules'>
export type OvnSubnet = KubernetesObject<'ovnsubnets'>
export type LabelSelector = Shaped<typeof labelSelector>

/** The file of a kind in a bundle: named as `kubectl get <plural>.<group>` names the resource. */
export function kubernetesFile(name: KubernetesKindName): string {
  const { plural, group } = kubernetesKinds[name]
  return `kubernetes/${plural}${group === '' ? '' : `.${group}`}.json`
}

/** `namespace/name`, or the name alone outside namespaces. */
export function objectName(object: {
  readonly metadata?: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined
}): string {
  const { name = '', namespace } = object.metadata ?? {}
  return namespace === undefined ? name : `${namespace}/${name}`
}
