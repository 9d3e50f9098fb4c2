import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'

/**
 * What AWS calls the interfaces of the load balancer that a name of the DNS stands for: `ELB net/NAME/ID` for `NAME-ID.elb.REGION.amazonaws.com`
 * (Network Load Balancer), `ELB NAME` for `NAME-NUMBER.REGION.elb.amazonaws.com` (Classic). Null for any other name.
 * Source: Elastic Load Balancing, "Network interfaces" and "DNS name" of each kind.
 */
function descriptionOf(hostname: string): string | null {
  const network = /^(.+)-([0-9a-f]+)\.elb\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\.?$/i.exec(hostname)
  if (network !== null) return `ELB net/${network[1] ?? ''}/${network[2] ?? ''}`
  const classic = /^(?:internal-)?(.+)-\d+\.[a-z0-9-]+\.elb\.amazonaws\.com(?:\.cn)?\.?$/i.exec(hostname)
  return classic === null ? null : `ELB ${classic[1] ?? ''}`
}

/** The interfaces of the load balancer that has this name; empty where none of the evidence is called so. */
export function interfacesOfBalancer(evidence: Evidence, hostname: string): readonly NetworkInterface[] {
  const called = descriptionOf(hostname)?.toLowerCase()
  return (known(evidence.aws.networkInterfaces) ?? []).filter(
    ({ Description }) => called !== undefined && Description?.toLowerCase() === called,
  )
}
