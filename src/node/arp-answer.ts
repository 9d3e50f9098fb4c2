import type { Address } from '../net/address.ts'
import type { NodeState } from './node-state.ts'
import { tooMany } from './trace/branch.ts'
import { askedFor, type Answerer } from './trace/frame.ts'
import type { Step } from './trace/types.ts'

/** Whether rules let a node hear a question by ARP and answer it; where one does not, or may not, that rule, and which of the two frames it drops. */
export type ArpAnswer =
  | { readonly kind: 'open' }
  | { readonly kind: 'shut' | 'unknown'; readonly step: Step; readonly drops: 'question' | 'answer' }

/** What becomes of a question for an IPv4 address that comes in by a device, where rules are all that might stand in its way. */
export function arpAnswer(state: NodeState, address: Address, device: string, by: Answerer): ArpAnswer {
  const all = askedFor(state, address, device, by)
  const lost = all.filter(({ decision }) => decision.kind !== 'next')
  const [first] = lost
  if (first === undefined) return { kind: 'open' }
  const step = first.branch.doubt ?? first.branch.steps.at(-1)
  const certain = step !== undefined && lost.length === all.length && lost.every(({ branch }) => branch.doubt === null)
  return {
    kind: certain ? 'shut' : 'unknown',
    step: step ?? tooMany,
    drops: first.branch.packet.answers ? 'answer' : 'question',
  }
}
