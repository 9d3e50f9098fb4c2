/** What of a cluster's node says where it runs. */
export interface NodeHint {
  readonly name: string
  readonly addresses: readonly string[]
  readonly hostnames: readonly string[]
  readonly providerId: string | null
  readonly region: string | null
}

/**
 * The region that the nodes name: the label `topology.kubernetes.io/region`, the zone in the provider id without its last letter, the
 * private DNS name (`*.ec2.internal` is us-east-1; AWS, "Amazon EC2 instance hostnames"). Null where they name none, or several.
 */
export function regionOfNodes(nodes: readonly NodeHint[]): string | null {
  const regions = new Set(nodes.map(regionOfNode).filter((region) => region !== null))
  return regions.size === 1 ? ([...regions][0] ?? null) : null
}

function regionOfNode({ region, providerId, hostnames, name }: NodeHint): string | null {
  if (region !== null) return region
  const zone = /^aws:\/\/\/([a-z]{2}(?:-[a-z]+)+-\d+)[a-z]\//.exec(providerId ?? '')
  if (zone?.[1] !== undefined) return zone[1]
  for (const host of [name, ...hostnames]) {
    const regional = /\.([a-z]{2}(?:-[a-z]+)+-\d+)\.compute\.internal$/.exec(host)
    if (regional?.[1] !== undefined) return regional[1]
    if (host.endsWith('.ec2.internal')) return 'us-east-1'
  }
  return null
}

/** The instance id in a provider id, by the rule of cloud-provider-aws: the last part, where it begins with `i-`. */
export function instanceIdOf(providerId: string | null): string | null {
  return /^(?:aws:\/\/.*\/)?(i-[^/]+)$/.exec(providerId ?? '')?.[1] ?? null
}
