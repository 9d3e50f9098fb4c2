import type { Node } from '../evidence/kubernetes/kinds.ts'

/**
 * Schemes that distributions, installers of bare metal and hypervisors on a network of one's own write, in a cloud like anywhere else: they
 * say nothing of the network.
 */
const anywhere = new Set([
  'k3s',
  'rke2',
  'k0s',
  'kind',
  'minikube',
  'metal3',
  'tinkerbell',
  'byoh',
  'proxmox',
  'libvirt',
])

/** The provider that a node names, by the scheme of its provider id: `azure` of `azure:///subscriptions/…`. Null where it names none. */
export function providerOf({ spec }: Node): string | null {
  const { providerID = '' } = spec ?? {}
  // Oracle's controller writes the identifier alone (ocid1.instance.oc1…).
  if (providerID.startsWith('ocid1.')) return 'oci'
  const provider = /^([a-z][a-z0-9+.-]*):\/\//i.exec(providerID)?.[1]?.toLowerCase() ?? providerID
  return provider === '' || anywhere.has(provider) ? null : provider
}
