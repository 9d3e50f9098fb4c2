import type { NetworkInterface } from '../evidence/ec2/kinds.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, known, type Known } from '../evidence/gap.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { holdersOf } from '../fabric/ec2/holders.ts'
import { nodeOfInterface } from '../fabric/ec2/node-interfaces.ts'

/** A host of an API server: the interface that holds its address, and the node that it is, null for none. */
export interface ApiServerHost {
  readonly eni: NetworkInterface
  readonly address: Address
  readonly name: string | null
}

/** The addresses of the API servers: the endpoints of default/kubernetes. */
export function apiServerAddresses({ kubernetes: { endpointslices } }: Evidence): Known<readonly Address[]> {
  if (isGap(endpointslices)) return endpointslices
  return endpointslices
    .filter(
      ({ metadata }) =>
        metadata?.namespace === 'default' && metadata.labels?.['kubernetes.io/service-name'] === 'kubernetes',
    )
    .flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap((one) => (one.addresses ?? []).flatMap((text) => parseAddress(text) ?? [])),
    )
}

/** The nodes on which API servers run, as far as they are nodes of the cluster. */
export const apiServerNodes = (evidence: Evidence): readonly string[] =>
  (known(apiServerAddresses(evidence)) ?? []).flatMap(({ text }) => nodeNamesByAddress(evidence).get(text) ?? [])

/**
 * The hosts of the API servers, as far as interfaces of the VPC hold their addresses; a gap where none does, or the listing that does not have
 * one is not whole.
 */
export function apiServerHosts(evidence: Evidence, vpcId: string): Known<readonly ApiServerHost[]> {
  const addresses = apiServerAddresses(evidence)
  if (isGap(addresses)) return addresses
  const held = addresses.map((address) => ({ address, holders: holdersOf(evidence, vpcId, address) }))
  const unlisted = held.flatMap(({ holders }) => (isGap(holders) ? [holders] : []))
  if (unlisted[0] !== undefined) return unlisted[0]
  const hosts = held.flatMap(({ address, holders }) =>
    (known(holders) ?? []).slice(0, 1).map(({ interface: eni }) => ({
      eni,
      address,
      name: known(nodeOfInterface(evidence, eni)),
    })),
  )
  return hosts.length > 0
    ? hosts
    : gap(
        'kubernetes/endpointslices.discovery.k8s.io.json',
        'names no host of an API server that holds an address in the VPC',
      )
}
