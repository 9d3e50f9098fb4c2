import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Node } from '../evidence/kubernetes/kinds.ts'
import type { Fabric } from '../evidence/question.ts'
import { UserError } from '../evidence/user-error.ts'

/**
 * What carries frames between the nodes, as far as the evidence shows: `ec2` where something was asked of an account or the nodes say so,
 * else `lan`.
 *
 * @throws UserError where some nodes are EC2 instances and others are known not to be.
 */
export function fabricOf(evidence: Evidence): Fabric {
  const nodes = (known(evidence.kubernetes.nodes) ?? []).map((node) => ({
    name: node.metadata?.name ?? '',
    fabric: fabricOfNode(node),
  }))
  const onEc2 = nodes.filter(({ fabric }) => fabric === 'ec2').map(({ name }) => name)
  const elsewhere = nodes.filter(({ fabric }) => fabric === 'lan').map(({ name }) => name)
  if (onEc2.length > 0 && elsewhere.length > 0) {
    throw new UserError(
      `The nodes disagree on what carries their frames: ${onEc2.sort().join(', ')} say EC2, ${elsewhere.sort().join(', ')} say something else.`,
      'Say which with --fabric ec2 or --fabric lan.',
    )
  }
  return evidence.aws.asked || onEc2.length > 0 ? 'ec2' : 'lan'
}

/** What one node says of itself; null where it says nothing. */
function fabricOfNode({ spec, status }: Node): Fabric | null {
  const { providerID } = spec ?? {}
  if (providerID !== undefined && providerID !== '') {
    if (providerID.startsWith('aws://')) return 'ec2'
    // k3s, kind and others write their own scheme also on EC2: that says nothing about the network.
    if (/^(gce|azure|openstack|vsphere|digitalocean|hcloud|equinixmetal):\/\//.test(providerID)) return 'lan'
  }
  const uuid = status?.nodeInfo?.systemUUID
  if (uuid === undefined || uuid === '') return null
  return isEc2Uuid(uuid) ? 'ec2' : 'lan'
}

/**
 * Whether a system UUID is an EC2 instance's: it begins with `ec2`, or does so when the bytes of its first group are read in reverse,
 * as SMBIOS before 2.6 writes them (EC2 User Guide, "Identify EC2 instances").
 */
export function isEc2Uuid(uuid: string): boolean {
  const first = uuid.toLowerCase().split('-')[0] ?? ''
  const reversed = (first.match(/../g) ?? []).reverse().join('')
  return first.length === 8 && (first.startsWith('ec2') || reversed.startsWith('ec2'))
}
