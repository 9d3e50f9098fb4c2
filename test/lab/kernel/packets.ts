import fc from 'fast-check'
import type { From, TestPacket } from './lab.ts'

const sources: Readonly<Record<From, readonly string[]>> = {
  client: ['10.0.0.50', '10.0.0.51', '192.0.2.7', '10.200.2.3', '10.1.0.50', '10.0.0.1'],
  eth1: ['10.1.0.50', '192.0.2.8', '10.0.0.51'],
  pod2: ['10.200.1.2'],
  pod3: ['10.200.1.3'],
  node: ['10.0.0.1', '10.0.0.2', '10.200.1.1', '127.0.0.1'],
}

/** The node's own addresses, addresses that nobody has, pods here and elsewhere, the world, and routes that lead nowhere. */
export const destinations = [
  ...['10.0.0.1', '10.0.0.2', '10.1.0.1', '10.200.1.1'],
  ...['10.0.0.100', '10.0.0.101', '10.0.0.100', '10.0.0.50', '10.1.0.50'],
  ...['10.200.1.2', '10.200.1.3', '10.200.2.3', '203.0.113.5', '10.67.0.3', '10.68.0.3', '127.0.0.1'],
] as const

export const ports = [53, 80, 443, 8080, 30080] as const

/** Ranges of source ports that rules tell apart; which port of its range a packet has is of no account. */
export const sourcePorts = [1024, 20_000, 40_000] as const
const portsOfRange = 16_000

let sent = 0

/** A source port of its own for every packet: a flow that the kernel has seen before is no new one. */
export const freshPort = (range: number): number => range + (sent++ % portsOfRange)

export const packets: fc.Arbitrary<TestPacket> = fc
  .record({
    from: fc.constantFrom<From>('client', 'client', 'client', 'eth1', 'pod2', 'pod3', 'node', 'node'),
    pick: fc.nat(100),
    dst: fc.constantFrom(...destinations),
    protocol: fc.constantFrom('tcp' as const, 'tcp' as const, 'udp' as const),
    range: fc.constantFrom(...sourcePorts),
    dport: fc.constantFrom(...ports),
  })
  .map(({ from, pick, range, ...rest }) => ({
    from,
    src: sources[from][pick % sources[from].length] ?? '',
    sport: freshPort(range),
    ...rest,
  }))
  // Addresses of loopback never stand on a wire, and nothing but the node may use them.
  .filter(({ from, src, dst }) => from === 'node' || (src !== '127.0.0.1' && dst !== '127.0.0.1') || from === 'client')
