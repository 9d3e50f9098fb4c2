import { describe, expect, test } from '@jest/globals'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { isGap, known } from '../../src/evidence/gap.ts'
import { takes } from '../../src/evidence/node/listen.ts'
import { parseAddress, type Address } from '../../src/net/address.ts'
import { autopsy } from '../../src/node/death.ts'
import { nodeState, type NodeState } from '../../src/node/node-state.ts'
import { addressOfNode, deviceTo, journeys, sourceFor, type Journey } from '../../src/node/vip-trace.ts'
import { judge } from '../kit/answers.ts'
import { fixture, fixtureNames, truthOf } from '../kit/fixtures.ts'

/**
 * Tries that the network decided before or between the nodes, where the tracer of one node has no say: security groups that admit no
 * NodePort, and an interface whose source/dest check cuts worker-0's pods off.
 */
const byTheVpc = /^(four-faults-but-|hard-way-four-faults$|overlay-source-dest-check$)/

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  return parsed
}

function stateOf(evidence: Evidence, node: string, family: 4 | 6 = 4): NodeState {
  const state = nodeState(evidence, node, family)
  if (isGap(state)) throw new Error(`${state.source}: ${state.reason}`)
  return state
}

/** What a client would see of a journey: the words of the tries that fit. */
function words(evidence: Evidence, node: string, journey: Journey): readonly string[] {
  const dead = autopsy(journey)
  const { packet, fate } = dead?.outcome ?? journey.first
  if (dead === null) return [`connected, ${podName(evidence, packet.destination)}`]
  switch (fate.kind) {
    case 'rejected':
      // The kernel's own socket reads an ICMP error as an unreachable host; before it answers, it may have used up its rate of answers.
      return ['refused', 'no route to host', 'timeout']
    case 'local': {
      const listeners = known(evidence.node(node).listen)?.listeners ?? []
      const heard = listeners.some(
        (one) => one.protocol === 'tcp' && one.port === packet.destinationPort && takes(one, packet.destination.text),
      )
      return heard ? ['connected'] : ['refused']
    }
    case 'no-route':
      return ['timeout', 'no route to host']
    case 'forwarded':
      return ['timeout', 'no route to host', ...beyond(evidence, node, journey)]
    default:
      return ['timeout']
  }
}

/** A packet that its own node sent on untranslated reaches the node that owns the VIP, and is judged there. */
function beyond(evidence: Evidence, node: string, { first: { packet } }: Journey): readonly string[] {
  const vip = (known(evidence.kubernetes.services) ?? []).find(({ status }) =>
    status?.loadBalancer?.ingress?.some(({ ip }) => parseAddress(ip)?.text === packet.destination.text),
  )
  if (vip === undefined) return []
  const { diagnoses } = judge(evidence, [packet.destination.text])
  const owner = diagnoses[0]?.receiving.by === 'owner' ? diagnoses[0].receiving.nodes[0] : undefined
  if (owner === undefined || owner === node) return []
  const state = stateOf(evidence, owner, packet.destination.family)
  return journeys(evidence, state, { ...packet, inDevice: deviceTo(state, packet.source) }).flatMap((journey) =>
    words(evidence, owner, journey),
  )
}

function podName(evidence: Evidence, destination: Address): string {
  const pods = known(evidence.kubernetes.pods) ?? []
  return (
    pods.find(({ status }) => (status?.podIPs ?? []).some(({ ip }) => parseAddress(ip)?.text === destination.text))
      ?.metadata?.name ?? destination.text
  )
}

/** A try without the address that the pod saw. */
const plain = (text: string): string => (text.startsWith('connected') ? text.split(' ').slice(0, 2).join(' ') : text)

/** Each try is one of the traced outcomes, and an outcome that is certain is the only one seen. */
function holds(
  what: string,
  evidence: Evidence,
  node: string,
  traced: readonly Journey[],
  tries: readonly string[],
): void {
  const possible = traced.map((journey) => words(evidence, node, journey))
  const strange = tries.map(plain).filter((one) => !possible.some((fits) => fits.includes(one)))
  expect({ what, strange, possible: strange.length > 0 ? possible : [] }).toEqual({ what, strange: [], possible: [] })
  expect(Math.abs(traced.reduce((sum, { probability }) => sum + probability, 0) - 1)).toBeLessThan(1e-9)
}

const named = fixtureNames.filter((name) => !name.startsWith('ipvs'))

describe.each(named)('%s', (name) => {
  test('what the bastion saw at every node’s NodePort', async () => {
    const { nodePort } = await truthOf(name)
    const evidence = await fixture(name)
    for (const [node, saw] of Object.entries(nodePort?.bastionSaw ?? {})) {
      if (byTheVpc.test(name)) continue
      const own = addressOfNode(evidence, node, 4)
      if (own === null) throw new Error(`${node} has no address`)
      const traced = journeys(evidence, stateOf(evidence, node), {
        source: address('10.240.0.50'),
        destination: own,
        protocol: 'tcp',
        destinationPort: nodePort?.port ?? 0,
        inDevice: 'eth0',
      })
      holds(`NodePort of ${node}`, evidence, node, traced, [saw])
    }
  })

  test('what worker-1 saw at the VIP and the ClusterIP', async () => {
    const { vip, port, nodeSaw, clusterIP } = await truthOf(name)
    const evidence = await fixture(name)
    const from = (destination: Address) => {
      const state = stateOf(evidence, 'worker-1', destination.family)
      const source = sourceFor(state, destination)
      if (source === null) throw new Error('worker-1 has no address')
      return journeys(evidence, state, { source, destination, protocol: 'tcp', destinationPort: port, inDevice: null })
    }
    if (byTheVpc.test(name)) return
    if (vip !== null && nodeSaw !== null && !name.startsWith('control-plane'))
      holds('VIP', evidence, 'worker-1', from(address(vip)), nodeSaw)
    if (clusterIP !== undefined)
      holds('ClusterIP', evidence, 'worker-1', from(address(clusterIP.ip)), [clusterIP['worker-1 saw']])
  })

  test('what a pod saw at the VIP and the ClusterIP', async () => {
    const { vip, port, pod, clusterIP } = await truthOf(name)
    if (pod === undefined || vip === null || byTheVpc.test(name)) return
    const evidence = await fixture(name)
    const source = address(pod.ip)
    const state = stateOf(evidence, pod.node)
    const from = (destination: Address) =>
      journeys(evidence, state, {
        source,
        destination,
        protocol: 'tcp',
        destinationPort: port,
        inDevice: deviceTo(state, source),
      })
    if (!name.startsWith('control-plane')) holds('VIP', evidence, pod.node, from(address(vip)), pod['saw the VIP'])
    if (clusterIP !== undefined)
      holds('ClusterIP', evidence, pod.node, from(address(clusterIP.ip)), pod['saw the ClusterIP'])
  })
})

test('a pod that meets itself through a port without hairpin mode is dropped for certain', async () => {
  const { vip, port, pod, clusterIP } = await truthOf('etp-local')
  if (pod === undefined || vip === null || clusterIP === undefined) throw new Error('etp-local tells of no pod')
  const evidence = await fixture('etp-local')
  const source = address(pod.ip)
  const state = stateOf(evidence, pod.node)
  for (const text of [vip, clusterIP.ip]) {
    const traced = journeys(evidence, state, {
      ...{ source, destination: address(text), protocol: 'tcp', destinationPort: port },
      inDevice: deviceTo(state, source),
    })
    expect(traced.map(({ first: { fate }, probability }) => [fate, probability])).toEqual([
      [{ kind: 'dropped', by: 'hairpin-off', why: expect.stringContaining('hairpin mode is off') }, 1],
    ])
  }
})

test('the tries of IPVS are those of the client alone, and stand in vip-from-the-wire.test.ts', async () => {
  for (const name of fixtureNames.filter((one) => one.startsWith('ipvs'))) {
    const { nodePort, nodeSaw, pod, clusterIP } = await truthOf(name)
    expect([name, nodePort, nodeSaw, pod, clusterIP]).toEqual([name, ...Array<undefined>(4)])
  }
})
