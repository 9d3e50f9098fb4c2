import type { Address } from '../net/address.ts'
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

/** A VIP that kube-vip holds for the control plane: it has no Service, and what answers is the API server of the node that receives the packet. */
export interface ControlPlaneVip {
  readonly address: Address
  readonly port: number
  /** The kube-vip pods that are configured with it. */
  readonly pods: readonly Pod[]
}

/** A VIP inside OVN: of a `Vip` (an address that pods share), or of a `SwitchLBRule` (a load balancer of OVN itself). One of the two is null. */
export interface KubeOvnVip {
  readonly vip: OvnVip | null
  readonly rule: SwitchLBRule | null
}

/**
 * What is asked: can `client` reach `vip` at `port`? Exactly one of `service`, `controlPlane` and `kubeOvn` is
 * set; `servicePort` goes with `service`. `vip` is null while the Service, or Kube-OVN's Vip, is pending.
 */
export interface Question {
  readonly vip: Address | null
  readonly port: Port
  readonly service: Service | null
  readonly servicePort: ServicePort | null
  readonly controlPlane: ControlPlaneVip | null
  readonly kubeOvn?: KubeOvnVip
  readonly client: Client
  readonly fabric: FabricName
  /** The VPC that the user named, where the nodes' addresses fit more than one. */
  readonly vpcId: string | null
}
