import { readFileSync } from 'node:fs'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { parseClient } from '../../src/diagnosis/client.ts'
import { packetsToTrace } from '../../src/diagnosis/trace-target.ts'
import { addressAndPort } from '../../src/net/port.ts'
import type { Outcome } from '../../src/node/trace/types.ts'
import { traceVip } from '../../src/journey/vip-trace.ts'

/** A packet of one of kube-proxy's tests, and what it expects: endpoints with commas between them, DROP, REJECT, ACCEPT, or nothing. */
export interface Flow {
  readonly name: string
  readonly source: string
  readonly protocol: string
  readonly destination: string
  readonly port: number
  readonly output: string
  readonly masquerade: boolean
}

/** The rules of a test as they stood, with the packets that were asked about. */
export interface Dumped {
  readonly mode: 'iptables' | 'nftables'
  readonly test: string
  readonly ipv6: boolean
  readonly rules: string
  readonly flows: readonly Flow[]
}

/** What the test files beside kube-proxy's wrote down, one object a line. */
export const readDumps = (file: string): readonly Dumped[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Dumped)

/** What the tracer says of a flow, in the words of {@link expected}, and whether it is certain. */
export function traced(evidence: Evidence, flow: Flow): { readonly says: string; readonly certain: boolean } {
  const client = parseClient(flow.source)
  const protocol = flow.protocol === '' ? 'tcp' : flow.protocol.toLowerCase()
  const target = `${addressAndPort(flow.destination, flow.port)}/${protocol}`
  const [question] = packetsToTrace(evidence, target, { client, fabric: 'lan', vpcId: null })
  if (question === undefined) throw new Error(`${target} is no packet`)
  const trace = traceVip(evidence, question, 'n')
  if (isGap(trace)) throw new Error(`${trace.source}: ${trace.reason}`)
  const outcomes = trace.parts.flatMap(({ journeys }) => journeys.map(({ first }) => first))
  const goesOn = outcomes.some(({ fate }) => fate.kind !== 'dropped' && fate.kind !== 'rejected')
  const masquerade = outcomes.some(({ packet }) => packet.sourceNat === 'masquerade')
  return {
    says: phrase(outcomes.map(endOf), goesOn && masquerade),
    certain: outcomes.every(({ doubt }) => doubt === null),
  }
}

/** What a test expects. Of a packet that is dropped or rejected nobody sees whether it would have been masqueraded. */
export function expected({ output, masquerade }: Flow): string {
  // What a rule accepts, and what none speaks of, goes on as it came.
  const ends = output.split(', ').map((end) => (end === 'ACCEPT' ? '' : end))
  const goesOn = ends.some((end) => end !== 'DROP' && end !== 'REJECT')
  return phrase(ends, goesOn && masquerade)
}

const phrase = (ends: readonly string[], masquerade: boolean): string =>
  `${[...new Set(ends)].sort().join(', ') || 'untranslated'}${masquerade ? ', masqueraded' : ''}`

function endOf({ fate, packet }: Outcome): string {
  if (fate.kind === 'dropped') return 'DROP'
  if (fate.kind === 'rejected') return 'REJECT'
  return packet.translated ? addressAndPort(packet.destination.text, packet.destinationPort) : ''
}
