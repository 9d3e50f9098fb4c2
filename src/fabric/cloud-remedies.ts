import type { Cloud } from '../evidence/question.ts'
import type { Address } from '../net/address.ts'
import type { Remedy } from '../net/remedy.ts'
import { sh } from '../net/shell.ts'

/** What shows whether a cloud hands an address to a machine, and how it is told to. Never a mend: to which machine is the user's to say. */
type Shows = (vip: Address, node: string) => Remedy

const vnics: Shows = () => ({
  advice: 'Its networks deliver an address to the machine that the provider’s API gave it to, and forward no ARP.',
})

/**
 * By cloud. Sources: MetalLB documentation, "Cloud Compatibility"; Neutron documentation, "Allowed Address Pairs" and "Port Security";
 * Azure documentation, "Virtual networks FAQ" (no broadcast, no ARP of one's own); Google Cloud documentation, "Alias IP ranges"; Hetzner
 * documentation, "Networks: alias IPs" and "vSwitch"; VMware documentation, "Securing vSphere Standard Switches".
 */
export const cloudRemedies: Readonly<Record<Cloud, Shows>> = {
  openstack: ({ text }, node) => ({
    look: [
      sh`openstack port list --server ${node} -c ID -c 'Fixed IP Addresses' -c Status`,
      sh`openstack port list --server ${node} -f value -c ID | xargs -n 1 openstack port show -c allowed_address_pairs -c port_security_enabled`,
    ],
    advice: `Port security drops ARP answers and packets for an address that is none of the port’s own: each node’s port needs openstack port set --allowed-address ip-address=${text} PORT, or no port security.`,
  }),
  azure: ({ text }) => ({
    look: [
      'az network nic list --query "[].{nic:name,addresses:ipConfigurations[].privateIPAddress}" -o json',
      'az network lb list --query "[].frontendIPConfigurations[].privateIPAddress" -o json',
    ],
    advice: `Azure answers ARP itself and delivers an address to the NIC or load balancer that has it: ${text} has to be an IP configuration of a node’s NIC, or the front end of a load balancer.`,
  }),
  gce: ({ text }) => ({
    look: [
      'gcloud compute instances list --format="table(name,networkInterfaces[].aliasIpRanges[])"',
      'gcloud compute routes list --format="table(name,destRange,nextHopInstance,nextHopIlb)"',
      'gcloud compute forwarding-rules list --format="table(name,IPAddress,target)"',
    ],
    advice: `Google Cloud answers ARP itself: ${text} has to be an alias range of a node, the destination of a route to one, or a forwarding rule.`,
  }),
  digitalocean: ({ text }) => ({
    look: ['doctl compute reserved-ip list', 'doctl compute load-balancer list'],
    advice: `DigitalOcean’s network learns no address from ARP: ${text} has to be a reserved IP of a droplet, or a load balancer’s.`,
  }),
  hcloud: ({ text }, node) => ({
    look: [sh`hcloud server describe ${node} -o json`, 'hcloud floating-ip list', 'hcloud load-balancer list'],
    advice: `Cloud servers get an address that the API gave them: ${text} has to be an alias IP of a server in the Network, a Floating IP or a load balancer. Between dedicated servers on a vSwitch ARP works: there say --fabric lan.`,
  }),
  oci: ({ text }) => ({
    look: ['oci network private-ip list --subnet-id SUBNET_OCID'],
    advice: `Oracle Cloud delivers an address to the VNIC that has it: ${text} has to be a secondary private IP of a node’s VNIC, or the target of a route with the source/destination check off.`,
  }),
  equinixmetal: ({ text }) => ({
    look: ['metal ip get', 'metal device get'],
    advice: `Equinix Metal delivers by BGP or by its API: ${text} has to be an address of the project that a node announces by BGP, or one assigned to a device. On a VLAN in layer 2 mode ARP works: there say --fabric lan.`,
  }),
  linode: ({ text }) => ({
    look: ['linode-cli networking ips-list', 'linode-cli vlans list'],
    advice: `Linode delivers an address to the instances that have or share it (IP Sharing): ${text} has to be shared with the nodes. On a VLAN ARP works: there say --fabric lan.`,
  }),
  vsphere: ({ text }, node) => ({
    look: [sh`govc vm.info -e ${node}`, 'govc dvs.portgroup.info -json DVSWITCH'],
    advice: `A port group carries ARP as any switch does, unless its security policy (forged transmits, MAC address changes, promiscuous mode) or NSX SpoofGuard refuses what a machine sends for ${text}: kube-vip and nested machines need the first two. Where a capture shows no answer, look there first; where nothing refuses, say --fabric lan.`,
  }),
  ibm: vnics,
  vultr: vnics,
  scaleway: vnics,
  alicloud: vnics,
}
