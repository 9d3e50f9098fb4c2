import { citeLine, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Address } from '../net/address.ts'
import { rangeHas } from '../net/range.ts'
import { networksOfNode } from './networks.ts'

/** Settings by which a kernel keeps silent about an address that it has, for requests that come in by `asked`. */
export interface ArpSilence {
  readonly asked: string
  readonly settings: readonly { readonly name: string; readonly value: number; readonly proof: Proof }[]
}

/**
 * Why a node that has an IPv4 address on a device answers no ARP request for it; null where it answers, or where its settings are not known.
 * Requests come in by the devices in the address's network, whichever has it. With arp_ignore 1 and 2 a device answers for its own addresses
 * alone, with 8 for none; the larger of `all` and the device counts (Linux Documentation/networking/ip-sysctl.rst, net/ipv4/arp.c arp_ignore).
 */
export function arpSilence(evidence: Evidence, node: string, vip: Address, device: string): ArpSilence | null {
  if (vip.family !== 4) return null
  const facing = devicesFacing(evidence, node, vip)
  const silences = (facing.length > 0 ? facing : [device]).map((asked) => silenceOn(evidence, node, asked, device))
  return silences.every((one) => one !== null) ? (silences[0] ?? null) : null
}

/** The devices whose network an address is in: by these its neighbours ask for it. */
export const devicesFacing = (evidence: Evidence, node: string, vip: Address): readonly string[] => [
  ...new Set(
    (known(networksOfNode(evidence, node)) ?? []).flatMap((one) => (rangeHas(one.cidr, vip) ? [one.device] : [])),
  ),
]

function silenceOn(evidence: Evidence, node: string, asked: string, device: string): ArpSilence | null {
  const sysctl = known(evidence.node(node).sysctl)
  if (sysctl === null) return null
  const names = ['all', asked].map((one) => `net.ipv4.conf.${one}.arp_ignore`)
  const values = names.map((name) => Number(sysctl.values.get(name) ?? 0))
  const value = Math.max(...values)
  const silent = value === 8 || ((value === 1 || value === 2) && (asked !== device || device === 'lo'))
  if (!silent) return null
  const settings = names.flatMap((name, at) => {
    const line = sysctl.lines.get(name)
    const own = values[at] ?? 0
    return own === 0 || line === undefined
      ? []
      : [{ name, value: own, proof: citeLine(sysctl.file, line, `${name} = ${String(own)}`) }]
  })
  return settings.length === 0 ? null : { asked, settings: settings.sort((one, other) => other.value - one.value) }
}
