import { addressOf, parseAddress } from '../../net/address.ts'
import { parseRange, rangeOf, sizeOf, type Range } from '../../net/range.ts'
import { record } from '../../evidence/node/nft.ts'
import { accept } from './branch.ts'
import { withStep } from './iptables.ts'
import { anyEnd, partOf, type NativeChain, type Stated } from './native.ts'
import { lookUp, type Found } from './nft-lookup.ts'
import { absent } from './nft-value.ts'
import { spread } from './spread.ts'
import type { Branch, Packet, Step } from './types.ts'

/**
 * A translation to an address and a port, each of which may come out of a map (kube-proxy from 1.36 on draws its endpoints so); null for any
 * other statement, and where a map is not in the evidence. Source: libnftables-json(5), "SNAT, DNAT, REDIRECT, MASQUERADE".
 */
export function translated(
  native: NativeChain,
  kind: string,
  body: unknown,
  from: Step,
  branch: Branch,
): readonly Stated[] | null {
  const { packet } = branch
  if (kind !== 'dnat' && kind !== 'snat' && kind !== 'redirect' && kind !== 'masquerade') return null
  const step: Step = { ...from, did: kind }
  if (kind === 'masquerade') return [ended(branch, step, { sourceNat: 'masquerade' })]
  const { addr, port, flags } = record(body)
  const addresses = choices(native, addr, packet)
  const ports = choices(native, port, packet)
  if (addresses === null || ports === null) return null
  return addresses.flatMap((one) =>
    ports.flatMap((other): readonly Stated[] => {
      const part = partOf(branch, one.share * other.share, one.sure && other.sure, from)
      if (one.value === absent || other.value === absent) return [{ branch: part, left: { kind: 'fell' } }]
      const target = targetOf(one.value, other.value)
      if (target === null) return anyEnd(part, from)
      if (kind === 'snat') return sources(part, step, target)
      const own = kind === 'redirect' ? ownAddress(native, packet) : target.addresses
      return destinations(part, step, {
        ...target,
        addresses: [flags].flat().includes('netmap') ? mapped(own, packet) : own,
      })
    }),
  )
}

/** What an expression may yield: itself, or the values of a map. */
const choices = ({ table, world }: NativeChain, expression: unknown, packet: Packet): readonly Found[] | null => {
  const { map } = record(expression)
  return map === undefined ? [{ value: expression, share: 1, sure: true }] : lookUp(record(map), packet, table, world)
}

/** Null: the packet's own. */
interface Target {
  readonly addresses: Range | null
  readonly ports: readonly [number, number] | null
}

/** An address and a port as nft prints them, together (`addr . port to`) or apart; null for what is neither. */
function targetOf(address: unknown, port: unknown): Target | null {
  const { concat, range, prefix } = record(address)
  if (Array.isArray(concat)) return targetOf(concat[0], concat[1])
  const [first, last] = (record(port).range ?? [port, port]) as readonly unknown[]
  const ports = typeof first === 'number' && typeof last === 'number' ? ([first, last] as const) : null
  if (port !== undefined && ports === null) return null
  if (address === undefined) return { addresses: null, ports }
  const { addr, len } = record(prefix)
  const text = Array.isArray(range)
    ? range.join('-')
    : prefix === undefined
      ? address
      : `${String(addr)}/${String(len)}`
  const addresses = typeof text === 'string' ? parseRange(text) : null
  return addresses === null ? null : { addresses, ports }
}

const ended = (branch: Branch, step: Step, change: Partial<Packet>): Stated => ({
  branch: { ...withStep(branch, step), packet: { ...branch.packet, ...change } },
  left: { kind: 'decided', decision: accept },
})

const destinations = (branch: Branch, step: Step, { addresses, ports }: Target): readonly Stated[] =>
  spread(branch.packet, addresses, ports).map(({ address, port, part }) =>
    ended(partOf(branch, part, true, step), step, {
      translated: true,
      destination: address,
      destinationPort: port,
    }),
  )

/** Which port the packet is sent from is not followed. */
const sources = (branch: Branch, step: Step, { addresses }: Target): readonly Stated[] =>
  spread(branch.packet, addresses ?? rangeOf(branch.packet.source), null).map(({ address, part }) =>
    ended(partOf(branch, part, true, step), step, { sourceNat: address }),
  )

/** Where REDIRECT sends: the first address of the device that it came in by, loopback for what the node itself sends. */
function ownAddress({ world }: NativeChain, { inDevice, destination }: Packet): Range | null {
  const own =
    inDevice === null
      ? parseAddress(destination.family === 4 ? '127.0.0.1' : '::1')
      : world.addressOfDevice(inDevice, destination.family)
  return own === null ? null : rangeOf(own)
}

/** From one prefix into another, host by host (`prefix to`). */
function mapped(prefix: Range | null, { destination }: Packet): Range | null {
  if (prefix === null) return null
  return rangeOf(addressOf(prefix.family, prefix.first + (destination.value & (sizeOf(prefix) - 1n))))
}
