import { describe, expect, test } from '@jest/globals'
import { isGap } from '../../src/evidence/gap.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { nodeState } from '../../src/node/node-state.ts'
import { tracePacket, type Start } from '../../src/node/trace/trace.ts'
import type { Outcome } from '../../src/node/trace/types.ts'
import { parseAddress, type Address } from '../../src/net/address.ts'
import { fixture, fixtureNames, truthOf } from '../fixtures.ts'

const bastion = '10.240.0.50'

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

function outcomes(evidence: Evidence, node: string, start: Omit<Start, 'protocol'>): readonly Outcome[] {
  const state = nodeState(evidence, node, start.destination.family)
  if (isGap(state)) throw new Error(`${state.source}: ${state.reason}`)
  return tracePacket(state, { ...start, protocol: 'tcp' })
}

/** An outcome in the words of a try: `connected, POD` where a pod answers, else what the client saw. */
function asTry(outcome: Outcome, evidence: Evidence): string {
  switch (outcome.fate.kind) {
    case 'delivered': {
      const pods = isGap(evidence.kubernetes.pods) ? [] : evidence.kubernetes.pods
      const pod = pods.find(({ status }) => status?.podIP === outcome.packet.destination.text)
      return `connected, ${pod?.metadata?.name ?? outcome.packet.destination.text}`
    }
    case 'rejected':
      return 'refused'
    default:
      return 'timeout'
  }
}

/** A try as a recording has it, without the address that the pod saw. A time-out before a refusal is ICMP's rate limit. */
const plain = (text: string): string => text.split(' ').slice(0, 2).join(' ')

describe.each(fixtureNames)('%s', (name) => {
  test('what the bastion saw at every node’s NodePort is among the traced outcomes', async () => {
    const { nodePort, fabric } = await truthOf(name)
    const evidence = await fixture(name)
    const nodes = isGap(evidence.kubernetes.nodes) ? [] : evidence.kubernetes.nodes
    for (const [node, saw] of Object.entries(nodePort?.bastionSaw ?? {})) {
      if (!evidence.nodeNames.includes(node)) continue
      const own = nodes
        .find(({ metadata }) => metadata?.name === node)
        ?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
      const traced = outcomes(evidence, node, {
        source: address(bastion),
        destination: address(own ?? ''),
        destinationPort: nodePort?.port ?? 0,
        inDevice: 'eth0',
      })
      const possible = traced.map((outcome) => asTry(outcome, evidence))
      expect({ node, saw: plain(saw), possible, fabric }).toEqual({
        node,
        saw: plain(saw),
        possible: expect.arrayContaining([plain(saw)]),
        fabric,
      })
    }
  })
})
