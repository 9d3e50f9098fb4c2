import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import { perEvidenceAnd } from '../evidence/memo.ts'
import { bitsOf, parseAddress } from '../net/address.ts'
import { cidrOf, type Cidr } from '../net/range.ts'

/** A network that a node is in: a device, and the prefix of one of its addresses. */
export interface NodeNetwork {
  readonly device: string
  readonly cidr: Cidr
  readonly proof: readonly Proof[]
}

/** Devices whose networks are the node's own business. Source: MetalLB v0.16.1, ConfigMap metallb-excludel2. */
const inner = /^(docker|cbr|dummy|virbr|lxcbr|veth|lo$|cali|tunl|flannel|kube-ipvs|cni|nodelocaldns|lxc)/

/** Whether nothing beyond the node is behind a device, by its name. */
export const isInner = (device: string): boolean => inner.test(device)

/** The networks of a node that other hosts are in too, as `ip -j addr` shows them; single addresses (/32, /128) are none. */
export const networksOfNode = perEvidenceAnd((evidence: Evidence, node: string): Known<readonly NodeNetwork[]> => {
  const printed = evidence.node(node).ipAddr
  if (isGap(printed)) return printed
  return printed.flatMap((link) =>
    isInner(link.ifname ?? '')
      ? []
      : (link.addr_info ?? []).flatMap(({ local, prefixlen, scope }, place): readonly NodeNetwork[] => {
          const address = parseAddress(local)
          if (address === null || scope !== 'global' || prefixlen === undefined || prefixlen >= bitsOf(address.family))
            return []
          return [
            {
              device: link.ifname ?? '',
              cidr: cidrOf(address, prefixlen),
              proof: [cite(link, 'addr_info', place, 'local')],
            },
          ]
        }),
  )
})
