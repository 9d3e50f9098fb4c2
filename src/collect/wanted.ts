import { awsKinds, type AwsKindName } from '../evidence/ec2/kinds.ts'
import { sourceOf, type EvidenceKind } from '../evidence/kinds.ts'
import { kubernetesKinds, type KubernetesKindName } from '../evidence/kubernetes/kinds.ts'

/** What a check says that it reads. */
export interface Reads {
  readonly needs: readonly EvidenceKind[]
  readonly alsoReads?: readonly EvidenceKind[]
}

/** What must be asked of each source. */
export interface Wanted {
  readonly kubernetes: readonly KubernetesKindName[]
  readonly aws: readonly AwsKindName[]
}

/**
 * What is read before any check runs: to find the VIPs, who announces them, the nodes that receive their packets, the VPC that the nodes
 * are in and what its second round of questions is about. The ConfigMaps are there for the pools of MetalLB up to 0.12.
 */
export const alwaysRead: readonly EvidenceKind[] = [
  'kubernetes/services',
  'kubernetes/nodes',
  'kubernetes/pods',
  'kubernetes/daemonsets',
  'kubernetes/deployments',
  'kubernetes/endpointslices',
  'kubernetes/events',
  'kubernetes/leases',
  'kubernetes/configmaps',
  'kubernetes/ipaddresspools',
  'kubernetes/addresspools',
  'kubernetes/l2advertisements',
  'kubernetes/bgpadvertisements',
  'kubernetes/servicel2statuses',
  'kubernetes/servicebgpstatuses',
  'aws/instances',
  'aws/network-interfaces',
  'aws/vpcs',
  'aws/subnets',
  'aws/route-tables',
  'aws/security-groups',
]

/** What a client on the internet needs besides: its way into the VPC. */
const readForInternet: readonly EvidenceKind[] = ['aws/internet-gateways', 'aws/nat-gateways', 'aws/addresses']

/** The kinds that these checks read, and those that are always read; in the order of the tables of kinds. */
export function wantedBy(checks: readonly Reads[], { internet }: { readonly internet: boolean }): Wanted {
  const declared = checks.flatMap(({ needs, alsoReads = [] }) => [...needs, ...alsoReads])
  const sources = [...alwaysRead, ...(internet ? readForInternet : []), ...declared].map(sourceOf)
  const names = new Set(sources.map(({ of, name }) => `${of}/${name}`))
  return {
    kubernetes: (Object.keys(kubernetesKinds) as KubernetesKindName[]).filter((name) =>
      names.has(`kubernetes/${name}`),
    ),
    aws: (Object.keys(awsKinds) as AwsKindName[]).filter((name) => names.has(`aws/${name}`)),
  }
}

/** Whose a MAC on the wire is, and which interface of the account holds an address: all that a capture asks of a cluster. */
export const wantedByCapture: Wanted = {
  kubernetes: ['nodes'],
  aws: ['instances', 'networkInterfaces', 'vpcs'],
}
