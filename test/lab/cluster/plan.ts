// Who is who in the lab: the hard way's names and ranges, and a client in every place that a client can be.

export interface Host {
  readonly name: string
  readonly address: string
  readonly role: 'controller' | 'worker' | 'client'
  /** The pods' range on a node. */
  readonly podCidr?: string
}

export const vpcCidr = '10.240.0.0/16'
export const subnets = ['10.240.0.0/24', '10.240.1.0/24'] as const
export const serviceCidr = '10.32.0.0/24'
export const vip = '10.240.0.100'
export const region = 'eu-central-1'

export const nodes: readonly Host[] = [
  { name: 'controller-0', address: '10.240.0.10', role: 'controller', podCidr: '10.200.0.0/24' },
  { name: 'controller-1', address: '10.240.0.11', role: 'controller', podCidr: '10.200.1.0/24' },
  { name: 'worker-0', address: '10.240.0.20', role: 'worker', podCidr: '10.200.2.0/24' },
  { name: 'worker-1', address: '10.240.0.21', role: 'worker', podCidr: '10.200.3.0/24' },
]

/** Where the lab's own process stands: its network is the bastion's. */
export const bastion: Host = { name: 'bastion', address: '10.240.0.50', role: 'client' }
/** An instance in the other subnet of the VPC. */
export const far: Host = { name: 'far', address: '10.240.1.50', role: 'client' }
/** A host of the company's own network, behind the VPC's VPN gateway; on the LAN, a host behind the LAN's router. */
export const outside: Host = { name: 'outside', address: '192.168.77.50', role: 'client' }
export const outsideCidr = '192.168.77.0/24'

export const hosts: readonly Host[] = [...nodes, bastion, far, outside]
export const apiServer = `https://${nodes[0]?.address ?? ''}:6443`

/** A network's router has the first address, as in EC2. */
export const routerOf = (cidr: string): string => cidr.replace(/\.0\/\d+$/, '.1')
