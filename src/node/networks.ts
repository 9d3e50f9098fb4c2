import { citeList, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, type Known } from '../evidence/gap.ts'
import { conform } from '../evidence/shape.ts'
import { bitsOf, parseAddress } from '../net/address.ts'
import { cidrOf, type Cidr } from '../net/range.ts'

/** A network that a node is in: a device, and the prefix of one of its addresses. */
export interface NodeNetwork {
  readonly device: string
  readonly cidr: Cidr
  readonly proof: readonly Proof[]
}

const shape = [
  { ifname: 'string', addr_info: [{ family: 'string', local: 'string', prefixlen: 'number', scope: 'string' }] },
] as const

/** Devices whose networks are the node's own business. Source: MetalLB v0.16.1, ConfigMap metallb-excludel2. */
const inner = /^(docker|cbr|dummy|virbr|lxcbr|veth|lo$|cali|tunl|flannel|kube-ipvs|cni|nodelocaldns|lxc)/

/** The networks of a node that other hosts are in too, as `ip -j addr` shows them; single addresses (/32, /128) are none. */
export function networksOfNode(evidence: Evidence, node: string): Known<readonly NodeNetwork[]> {
  const printed = evidence.node(node).ipAddr
  if (isGap(printed)) return printed
  const { file } = printed
  let json: unknown
  try {
    json = JSON.parse(printed.text)
  } catch {
    return gap(file, 'not JSON')
  }
  const read = conform(json, shape)
  if ('misfit' in read) return gap(file, `not what its name says: ${read.misfit.pointer} is ${read.misfit.found}`)
  return read.value.flatMap(({ ifname = '', addr_info }, index) =>
    inner.test(ifname)
      ? []
      : (addr_info ?? []).flatMap(({ local, prefixlen, scope }, place): readonly NodeNetwork[] => {
          const address = parseAddress(local)
          if (address === null || scope !== 'global' || prefixlen === undefined || prefixlen >= bitsOf(address.family))
            return []
          const proof = [
            citeList(
              file,
              `/${String(index)}/addr_info/${String(place)}/local`,
              `${address.text}/${String(prefixlen)}`,
            ),
          ]
          return [{ device: ifname, cidr: cidrOf(address, prefixlen), proof }]
        }),
  )
}
