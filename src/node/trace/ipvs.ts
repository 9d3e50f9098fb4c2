import { sameAddress } from '../../net/address.ts'
import type { NodeState } from '../node-state.ts'
import { next, type Decided } from './branch.ts'
import { withStep } from './iptables.ts'
import type { Branch, Step } from './types.ts'

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
  const step = (line: number, text: string): Step => ({
    backend: 'ipvs',
    hook: 'IPVS',
    table: 'ipvs',
    chain: `${service.address.text}:${String(service.port)}`,
    line,
    file: ipvs.file,
    text,
  })
  const open = service.servers.filter(({ weight }) => weight > 0)
  const weights = open.reduce((sum, { weight }) => sum + weight, 0)
  if (open.length === 0) {
    const noted = withStep(
      branch,
      step(service.line, `${service.address.text}:${String(service.port)} has no real server`),
    )
    return [{ branch: noted, decision: { kind: 'reject', with: 'icmp-port-unreachable' } }]
  }
  return open.map(({ address, port, weight, line }) => ({
    branch: {
      ...withStep(branch, step(line, `${service.scheduler} -> ${address.text}:${String(port)}`)),
      probability: (branch.probability * weight) / weights,
      packet: { ...packet, translated: true, destination: address, destinationPort: port },
    },
    decision: next,
  }))
}
