import { parseAddress, sameAddress, type Address } from '../net/address.ts'
import type { Proof } from './cite.ts'
import type { Port } from '../net/port.ts'
import type { Cidr } from '../net/range.ts'
import type { OvnVip, Pod, Service, ServicePort, SwitchLBRule } from './kubernetes/kinds.ts'

/** Clouds and hypervisors whose networks deliver by rules that are not in the evidence. */
export type Cloud =
  | 'azure'
  | 'gce'
  | 'digitalocean'
  | 'hcloud'
  | 'openstack'
  | 'vsphere'
  | 'oci'
  | 'equinixmetal'
  | 'ibm'
  | 'linode'
  | 'vultr'
  | 'scaleway'
  | 'alicloud'

/** What carries frames between hosts, by the name of its object in src/fabric; `unknown` where the evidence does not say. */
export type FabricName = 'ec2' | 'lan' | Cloud | 'unknown'

/** Who decides to which machine an address is delivered: whom its owner or a route names, whoever announces it, or nobody knows. */
export type Delivery = 'ownership' | 'announcement' | 'unknown'

/** Where the packet starts. `vpc` is any other host in the receiving node's subnet, at an address that no evidence names (also on a LAN). */
export type Client =
  | { readonly kind: 'vpc' }
  | { readonly kind: 'internet' }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'cidr'; readonly cidr: Cidr }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }

/** The client as the user writes it. */
export function clientText(client: Client): string {
  switch (client.kind) {
    case 'vpc':
    case 'internet':
      return client.kind
    case 'address':
      return client.address.text
    case 'cidr':
      return client.cidr.text
    case 'node':
      return `node/${client.name}`
    case 'pod':
      return `pod/${client.namespace}/${client.name}`
  }
}

/** A VIP of the control plane: it has no Service, and what answers listens on the node that receives the packet. */
export interface ControlPlaneVip {
  readonly address: Address
  readonly port: number
  /** The kube-vip pods that are configured with it; none where something else holds it. */
  readonly pods: readonly Pod[]
  /** Where kubeadm names it as the endpoint of the control plane; none where kube-vip alone does. */
  readonly named: readonly Proof[]
}

/** A VIP inside OVN: of a `Vip` (an address that pods share), or of a `SwitchLBRule` (a load balancer of OVN itself). */
export type KubeOvnVip =
  { readonly vip: OvnVip; readonly rule: null } | { readonly vip: null; readonly rule: SwitchLBRule }

/** What every question says: can `client` reach the VIP at `port`? */
interface Asking {
  readonly port: Port
  readonly client: Client
  readonly fabric: FabricName
  /** The VPC that the user named, where the nodes' addresses fit more than one. */
  readonly vpcId: string | null
}

/**
 * About a Service at one of its ports; `vip` is null while it is pending. `entry` says by what its packets come in: by an address of the
 * Service at its own port, or by the NodePort at an address that the receiving node has anyway.
 */
export interface ServiceQuestion extends Asking {
  readonly about: 'service'
  readonly entry: 'vip' | 'node-port'
  readonly vip: Address | null
  readonly service: Service
  readonly servicePort: ServicePort
}

/** About a VIP of the control plane. */
interface ControlPlaneQuestion extends Asking {
  readonly about: 'control-plane'
  readonly vip: Address
  readonly controlPlane: ControlPlaneVip
}

/** About a VIP that OVN carries; `vip` is null while Kube-OVN's Vip is pending. */
export interface KubeOvnQuestion extends Asking {
  readonly about: 'kube-ovn'
  readonly vip: Address | null
  readonly kubeOvn: KubeOvnVip
}

/** About an address that the user names and no object does. */
export interface AddressQuestion extends Asking {
  readonly about: 'address'
  readonly vip: Address
}

/** What is asked. */
export type Question = ServiceQuestion | ControlPlaneQuestion | KubeOvnQuestion | AddressQuestion

/** What a question is about. */
export type About = Question['about']

/** A question whose VIP is there. */
export type WithVip<Q extends Question = Question> = Q & { readonly vip: Address }

/** Whether its VIP is there. */
export const hasVip = (question: Question): question is WithVip => question.vip !== null

/** Whether the client connects at a Service's NodePort. */
export const isAtNodePort = (question: Question): boolean =>
  question.about === 'service' && question.entry === 'node-port'

/** Whether it is about an address that a controller gave to a Service, or is to give: not at a NodePort, and not one that the Service names itself. */
export function isGiven(question: Question): boolean {
  if (question.about !== 'service' || question.entry === 'node-port') return false
  const { vip, service } = question
  if (vip === null) return true
  return (service.status?.loadBalancer?.ingress ?? []).some(({ ip }) => sameAddress(parseAddress(ip), vip))
}

/** The Service of a question; null where it is about something else. */
export const serviceOf = (question: Question): Service | null =>
  question.about === 'service' ? question.service : null
