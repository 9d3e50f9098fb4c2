import { sameAddress } from '../../net/address.ts'
import type { NodeState } from '../node-state.ts'
import { next, type Decided } from './branch.ts'
import { withStep } from './iptables.ts'
import type { Branch, Did, Step } from './types.ts'

/**
 * Where IPVS sends a connection: one branch for each real server that takes new ones, with its share of the weights (every scheduler
 * spreads new connections; which one comes next is open). Null where no virtual server has the address and port.
 * Without a real server the kernel rejects (net/netfilter/ipvs/ip_vs_core.c, ip_vs_leave).
 */
export function toRealServers({ ipvs }: NodeState, branch: Branch): readonly Decided[] | null {
  const { packet } = branch
  const service = ipvs?.services.find(
    (one) =>
      one.protocol === packet.protocol &&
      one.port === packet.destinationPort &&
      sameAddress(one.address, packet.destination),
  )
  if (ipvs === null || service === undefined || packet.translated) return null
  const step = (
    did: Did,
    { line, text: printed }: { readonly line: number; readonly text: string },
    text: string,
  ): Step => ({
    backend: 'ipvs',
    hook: 'IPVS',
    table: 'ipvs',
    chain: `${service.address.text}:${String(service.port)}`,
    did,
    place: { file: ipvs.file, line },
    handle: null,
    text,
    printed,
  })
  const open = service.servers.filter(({ weight }) => weight > 0)
  const weights = open.reduce((sum, { weight }) => sum + weight, 0)
  if (open.length === 0) {
    const noted = withStep(
      branch,
      step('reject', service, `${service.address.text}:${String(service.port)} has no real server`),
    )
    return [{ branch: noted, decision: { kind: 'reject', with: 'icmp-port-unreachable' } }]
  }
  return open.map((server) => ({
    branch: {
      ...withStep(
        branch,
        step('dnat', server, `${service.scheduler} -> ${server.address.text}:${String(server.port)}`),
      ),
      probability: (branch.probability * server.weight) / weights,
      packet: { ...packet, translated: true, destination: server.address, destinationPort: server.port },
    },
    decision: next,
  }))
}
