import { rangeHas } from '../../net/range.ts'
import { sameAddress } from '../../net/address.ts'
import type { Backend, Frontend } from '../../evidence/node/service-map.ts'
import type { EbpfProxy } from '../ebpf.ts'
import type { NodeState } from '../node-state.ts'
import { next, type Decided } from './branch.ts'
import { withStep } from './iptables.ts'
import type { Branch, Did, Packet, Step } from './types.ts'

/**
 * Where an eBPF program sends a new connection, before any rule of netfilter sees it: one branch for each backend of the frontend, with even
 * shares (every algorithm spreads new connections). Null where it takes no such packet: no frontend has the address and port, or it is not
 * attached to the device. Sources: Cilium bpf/lib/nodeport.h, lb.h; Calico felix/bpf-gpl/nat_lookup.h.
 */
export function toBackends({ ebpf }: NodeState, branch: Branch): readonly Decided[] | null {
  const { packet } = branch
  if (ebpf === undefined || packet.translated || !isAttached(ebpf, packet)) return null
  const frontend = frontendFor(ebpf, packet)
  if (frontend === undefined) return null
  const step = (did: Did, { place, text }: Pick<Backend, 'place' | 'text'>, refuses?: Step['refuses']): Step => ({
    backend: 'ebpf',
    hook: 'INGRESS',
    table: ebpf.name,
    chain: frontend.text,
    did,
    place,
    handle: null,
    text,
    ...(refuses === undefined ? {} : { refuses }),
  })
  // What its proxy does, and which clients its ranges name, stands in no listing that is read.
  const unsure =
    frontend.does === 'proxy' || frontend.does === 'ranges'
      ? { ...branch, doubt: branch.doubt ?? step('unknown', frontend) }
      : branch
  const lost = (one: Pick<Backend, 'place' | 'text'>, refuses: Step['refuses'], share = 1): Decided => ({
    branch: { ...withStep(unsure, step('drop', one, refuses)), probability: branch.probability * share },
    decision: { kind: 'drop', by: 'rule', why: `${ebpf.name} drops it: ${one.text}` },
  })
  if (frontend.does === 'drop') return [lost(frontend, 'source-ranges')]
  if (frontend.does === 'backends' && frontend.backends.length === 0)
    return [lost(frontend, frontend.onlyLocal ? 'no-local-endpoint' : 'no-endpoints')]
  if (frontend.does === 'proxy') {
    const handed = withStep(unsure, step('redirect', frontend))
    return [{ branch: { ...handed, packet: { ...packet, translated: true } }, decision: next }]
  }
  const { backends } = frontend
  // The ranges themselves stand in another table: either may be.
  const refused = frontend.does === 'ranges' ? [lost(frontend, 'source-ranges', 0.5)] : []
  const each = (1 - 0.5 * refused.length) / backends.length
  const sent = backends.map((backend) =>
    backend.to === null
      ? lost(backend, 'missing-backend', each)
      : {
          branch: {
            ...withStep(unsure, step('dnat', backend)),
            probability: branch.probability * each,
            packet: { ...packet, translated: true, destination: backend.to.address, destinationPort: backend.to.port },
          },
          decision: next,
        },
  )
  return [...refused, ...sent]
}

/** Cilium's agent names the devices to which its programs are attached; what the node itself or a pod sends is translated in every case. */
const isAttached = ({ devices }: EbpfProxy, { inDevice }: Packet): boolean =>
  inDevice === null || isPodDevice(inDevice) || devices === null || devices.includes(inDevice)

/** Devices of pods and of the programs themselves: what goes by them passes FORWARD in eBPF, or by rules that the program put first there. */
export const isPodDevice = (device: string): boolean => /^(?:lxc|cilium_|cali|bpfout|bpfin|nk)/.test(device)

function frontendFor({ name, map, nodeOf }: EbpfProxy, packet: Packet): Frontend | undefined {
  // Cilium goes by where the packet comes in, Calico asks its routes whether the source is a node's or a pod's.
  const inside =
    packet.inDevice === null || isPodDevice(packet.inDevice) || (name !== 'Cilium' && nodeOf(packet.source) !== null)
  const side = inside ? 'inside' : 'outside'
  return map.frontends
    .filter(
      ({ address, port, protocol, from, sources }) =>
        port === packet.destinationPort &&
        (protocol === null || protocol === packet.protocol) &&
        (from === 'both' || from === side) &&
        sameAddress(address, packet.destination) &&
        (sources === null || rangeHas(sources, packet.source)),
    )
    .toSorted((one, other) => (other.sources?.prefix ?? 0) - (one.sources?.prefix ?? 0))[0]
}

/** Whether Cilium lets the pod's node answer the client itself: by its mode (Hybrid: for TCP), or by the frontend's. */
export function isDirect({ ebpf }: NodeState, { packet }: Pick<Branch, 'packet'>): boolean {
  const mode = ebpf?.mode?.toLowerCase() ?? 'snat'
  if (mode === 'dsr' || (mode === 'hybrid' && packet.protocol === 'tcp')) return true
  const { original, protocol } = packet
  return (
    ebpf?.map.frontends.some(
      ({ address, port, dsr, protocol: of }) =>
        dsr && port === original.port && (of ?? protocol) === protocol && sameAddress(address, original.destination),
    ) === true
  )
}
