import { expect, test } from '@jest/globals'
import { isGap } from '../../src/evidence/gap.ts'
import { nodeState } from '../../src/node/node-state.ts'
import { tracePacket } from '../../src/node/trace/trace.ts'
import { parseAddress, type Address } from '../../src/net/address.ts'
import { fixture, fixtureNames, truthOf } from '../kit/fixtures.ts'
import { seen, sightsOf } from './sight.ts'

function address(text: string | undefined): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text ?? 'nothing'} is no address`)
  return parsed
}

/**
 * Recordings whose VIP the network delivered to a node's rules, and to which: the owner or the route's target on EC2, the announcer on a LAN.
 * The others never came so far: nobody owned the address, or an interface's source/dest check or security group kept them out.
 */
const receivers: Readonly<Record<string, string>> = {
  'captured-vpc-owned': 'worker-1',
  'control-plane-vip': 'controller-1',
  'etp-local': 'worker-0',
  'etp-local-moved': 'worker-0',
  'hard-way-healthy': 'controller-0',
  'iptables-legacy': 'controller-0',
  ipvs: 'worker-0',
  'ipvs-no-strict-arp': 'worker-0',
  'kube-proxy-1.23-iptables': 'controller-0',
  'kube-proxy-1.23-iptables-empty': 'worker-1',
  'kube-proxy-1.23-iptables-local': 'worker-0',
  'kube-proxy-1.29-iptables': 'controller-0',
  'kube-proxy-1.29-iptables-empty': 'worker-1',
  'kube-proxy-1.29-iptables-local': 'worker-0',
  'kube-proxy-1.34-nftables': 'controller-0',
  'kube-proxy-1.34-nftables-empty': 'worker-1',
  'kube-proxy-1.34-nftables-local': 'worker-0',
  'lan-forward-reject': 'controller-0',
  'lan-healthy': 'controller-0',
  'lan-ipv6': 'controller-1',
  'lan-no-kube-proxy-on-announcer': 'controller-0',
  nftables: 'controller-0',
  'nftables-source-ranges': 'controller-0',
  'no-endpoints': 'worker-1',
  'not-advertised': 'controller-0',
  'overlay-vip': 'worker-0',
  'owner-not-announcer': 'worker-1',
}

test.each(Object.entries(receivers))(
  '%s: what the client saw at the VIP is what %s makes of its packet',
  async (name, node) => {
    const { vip, port, clientSaw, client } = await truthOf(name)
    const evidence = await fixture(name)
    const destination = address(vip ?? '')
    const source = address(client.split(' ')[1])
    const state = nodeState(evidence, node, destination.family)
    if (isGap(state)) throw new Error(`${state.source}: ${state.reason}`)
    const traced = tracePacket(state, { source, destination, protocol: 'tcp', destinationPort: port, inDevice: 'eth0' })
    expect(traced.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
    expect(traced.filter(({ doubt }) => doubt !== null)).toEqual([])
    const sights = traced.flatMap((outcome) => [
      ...sightsOf(evidence, node, outcome),
      `at ${outcome.packet.destination.text}`,
    ])
    for (const saw of seen(clientSaw ?? [])) expect(sights).toContain(saw)
  },
)

test('no recording whose client got through, or was refused by a node, is left out', async () => {
  for (const name of fixtureNames) {
    const { clientSaw } = await truthOf(name)
    const answered = (clientSaw ?? []).some((saw) => /^(connected|refused)/.test(saw))
    if (answered) expect([name, receivers[name]]).toEqual([name, expect.any(String)])
  }
})
