import type { Cloud } from '../evidence/question.ts'
import type { Fabric } from './fabric.ts'
import { cloudRemedies } from './cloud-remedies.ts'
import { providerOf } from './provider.ts'

/**
 * Clouds and hypervisors by the schemes of their provider ids (the cloud controllers' documentation): their networks filter or route
 * addresses by rules of their own, and those rules are not in the evidence.
 */
const clouds: Readonly<Record<Cloud, { readonly name: string; readonly schemes: readonly string[] }>> = {
  azure: { name: 'Azure', schemes: ['azure'] },
  gce: { name: 'Google Cloud', schemes: ['gce'] },
  digitalocean: { name: 'DigitalOcean', schemes: ['digitalocean'] },
  hcloud: { name: 'Hetzner Cloud', schemes: ['hcloud', 'hrobot'] },
  openstack: { name: 'OpenStack', schemes: ['openstack'] },
  vsphere: { name: 'vSphere', schemes: ['vsphere'] },
  oci: { name: 'Oracle Cloud', schemes: ['oci'] },
  equinixmetal: { name: 'Equinix Metal', schemes: ['equinixmetal', 'packet'] },
  ibm: { name: 'IBM Cloud', schemes: ['ibm', 'ibmcloud', 'ibmpowervs'] },
  linode: { name: 'Linode', schemes: ['linode'] },
  vultr: { name: 'Vultr', schemes: ['vultr'] },
  scaleway: { name: 'Scaleway', schemes: ['scaleway'] },
  alicloud: { name: 'Alibaba Cloud', schemes: ['alicloud'] },
}

const fabricOfCloud = ([cloud, { name, schemes }]: [string, (typeof clouds)[Cloud]]): Fabric => ({
  name: cloud as Cloud,
  delivery: 'unknown',
  recognise: (node) => (schemes.includes(providerOf(node) ?? '') ? 'named' : null),
  deliver: () => null,
  words: {
    name,
    elsewhere: `What the network of ${name} delivers and lets in is not in the evidence.`,
    announcing: `Whether packets hang on an announcement in the network of ${name} is not in the evidence.`,
    choosing: 'Choose addresses that nothing else has and that the network delivers to the nodes.',
    unclear: `The nodes are machines of ${name}, and nothing in the evidence says whether its network hands % to one of them.`,
    shows: cloudRemedies[cloud as Cloud],
  },
})

/** A fabric for each cloud whose delivery of foreign addresses stands in no evidence. */
export const cloudFabrics: readonly Fabric[] = Object.entries(clouds).map(fabricOfCloud)

/** The clouds by the names that a question carries. */
export const cloudNames: readonly Cloud[] = Object.keys(clouds) as Cloud[]
