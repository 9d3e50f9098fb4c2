/** Schemes of provider ids, with the tool that shows what the cloud delivers; null where no command of it is printed. */
export const clouds: readonly (readonly [provider: string, tool: RegExp | null])[] = [
  ['openstack', /^openstack port list --server controller-0 /],
  ['azure', /^az network nic list /],
  ['gce', /^gcloud compute instances list /],
  ['digitalocean', /^doctl compute /],
  ['hcloud', /^hcloud server describe controller-0 /],
  ['oci', /^oci network private-ip list /],
  ['equinixmetal', /^metal ip get$/],
  ['linode', /^linode-cli networking ips-list$/],
  ['vsphere', /^govc vm\.info -e controller-0$/],
  ['vultr', null],
  ['scaleway', null],
]
