import { evidenceOf } from '../../../src/evidence/evidence.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { memoryStore } from '../../../src/evidence/store.ts'
import { parseAddress, type Address } from '../../../src/net/address.ts'
import { nodeState, type NodeState } from '../../../src/node/node-state.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import type { Outcome } from '../../../src/node/trace/types.ts'
import type { KernelAnswer, KernelCase, Lab, Sight, TestPacket } from './lab.ts'

/** A packet of which the kernel and the tracer say different things. */
export interface Disagreement {
  readonly packet: TestPacket
  readonly kernel: string
  readonly tracer: readonly string[]
}

export interface Judged {
  readonly disagreements: readonly Disagreement[]
  /** Packets of which the tracer was not certain: there it may only not be wrong. */
  readonly doubtful: number
  /** How many packets ended how, as the kernel had it. */
  readonly ends: ReadonlyMap<string, number>
}

/** Loads a rule set, sends its packets, and compares. A rule set that the kernel refuses is null. */
export async function judgeCase(lab: Lab, one: KernelCase): Promise<Judged | null> {
  const answer = await lab.ask(one)
  return 'refused' in answer ? null : judgeAnswer(lab, one, answer)
}

function judgeAnswer(lab: Lab, { packets }: KernelCase, answer: Exclude<KernelAnswer, { refused: string }>): Judged {
  const state = stateOf({ ...lab.world, ...answer.dump })
  let doubtful = 0
  const ends = new Map<string, number>()
  const disagreements = packets.flatMap((packet, index): Disagreement[] => {
    const kernel = observed(answer.seen[index] ?? [])
    const end = kernel.split(' ')[0] ?? ''
    ends.set(end, (ends.get(end) ?? 0) + 1)
    const outcomes = tracePacket(state, {
      source: address(packet.src),
      destination: address(packet.dst),
      protocol: packet.protocol,
      sourcePort: packet.sport,
      destinationPort: packet.dport,
      inDevice: packet.from.startsWith('pod') ? lab.bridge : devices[packet.from],
    })
    if (outcomes.some(({ doubt }) => doubt !== null)) doubtful += 1
    const tracer = outcomes.map((outcome) => expected(state, packet, outcome))
    return tracer.some((fits) => fits.includes(kernel)) ? [] : [{ packet, kernel, tracer: tracer.flat() }]
  })
  return { disagreements, doubtful, ends }
}

const devices = { client: 'eth0', eth1: 'eth1', pod2: null, pod3: null, node: null } as const

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  return parsed
}

/** The state of a node from the files that it printed, read as from a bundle. */
export function stateOf(files: Readonly<Record<string, string>>): NodeState {
  const store = memoryStore(
    new Map(Object.entries(files).map(([name, text]) => [`nodes/node/${name}`, Buffer.from(text)])),
  )
  const state = nodeState(evidenceOf(store, { time: null, tool: null, redacted: false, gaps: [] }), 'node', 4)
  if (isGap(state)) throw new Error(`${state.source}: ${state.reason}`)
  return state
}

/** What became of a packet, in one phrase. */
function observed(sights: readonly Sight[]): string {
  const socket = sights.find(({ kind }) => kind === 'local')
  if (socket !== undefined) return `local ${flow(socket)}`
  const left = sights.find(({ kind }) => kind === 'out')
  if (left !== undefined) return `out ${left.device ?? ''} to ${hostOf(left.mac ?? '')} ${flow(left)}`
  const back = sights.find(({ kind }) => kind !== 'out')
  if (back === undefined) return 'nothing'
  return back.kind === 'icmp' ? `icmp ${String(back.code)}` : back.kind
}

const flow = ({ src = '', dst = '', port = 0 }: Sight): string => `${src} > ${dst}:${String(port)}`

/** The neighbours of the laboratory carry their address in their MAC. */
const hostOf = (mac: string): string =>
  mac
    .split(':')
    .slice(2)
    .map((byte) => String(parseInt(byte, 16)))
    .join('.')

const codes: Readonly<Record<string, number>> = {
  'icmp-net-unreachable': 0,
  'icmp-host-unreachable': 1,
  'icmp-proto-unreachable': 2,
  'icmp-port-unreachable': 3,
  'icmp-net-prohibited': 9,
  'icmp-host-prohibited': 10,
  'icmp-admin-prohibited': 13,
}

/** The phrases of {@link observed} that an outcome admits. */
function expected(state: NodeState, packet: TestPacket, { fate, packet: end }: Outcome): readonly string[] {
  const source = sourceOf(state, end)
  const place = `${end.destination.text}:${String(end.destinationPort)}`
  switch (fate.kind) {
    case 'local':
      // What came in by lo had its source translated when it left.
      return (end.inDevice === 'lo' ? [end.source.text] : source).map((text) => `local ${text} > ${place}`)
    case 'delivered':
    case 'forwarded': {
      const next = fate.gateway?.text ?? end.destination.text
      return source.map((text) => `out ${fate.device ?? ''} to ${next} ${text} > ${place}`)
    }
    case 'rejected':
      return [
        fate.with === 'tcp-reset' ? 'rst' : `icmp ${String(codes[fate.with] ?? fate.with)}`,
        // What came from outside and would be answered to an address of the node itself, or from loopback, is not answered.
        ...(packet.from !== 'node' && (isOwn(state, packet.src) || packet.dst === '127.0.0.1') ? ['nothing'] : []),
        // What the node sends to itself with a source that was translated to a stranger's address is answered to the stranger.
        ...(end.inDevice === 'lo' && !isOwn(state, end.source.text) ? ['nothing'] : []),
      ]
    case 'dropped':
      return ['nothing']
    case 'no-route':
      // The routing code answers a forwarded packet itself; what the node sends fails before it is sent, or is lost.
      return packet.from === 'node' ? ['no-route', 'nothing', 'icmp 1'] : ['icmp 0', 'icmp 1', 'icmp 13', 'nothing']
  }
}

const isOwn = ({ addresses }: NodeState, text: string): boolean =>
  addresses.some(({ addr_info = [] }) => addr_info.some(({ local }) => local === text))

function sourceOf(state: NodeState, { sourceNat, source, outDevice }: Outcome['packet']): readonly string[] {
  if (sourceNat === null) return [source.text]
  if (sourceNat !== 'masquerade') return [sourceNat.text]
  const held = state.addresses.find(({ ifname }) => ifname === outDevice)?.addr_info ?? []
  return held.flatMap(({ local }) => local ?? []).slice(0, 1)
}
