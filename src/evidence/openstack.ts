import type { Evidence } from './evidence.ts'
import { gap, isGap, type Known } from './gap.ts'
import { parseJson, readText } from './json.ts'
import { perEvidence } from './memo.ts'

/** A port of Neutron: the addresses that it has, those that it may use besides, and whether anything looks at that. */
export interface OpenstackPort {
  /** Where it stands in the file. */
  readonly pointer: string
  readonly id: string
  readonly addresses: readonly string[]
  readonly pairs: readonly string[]
  /** Null where the listing does not say. */
  readonly secured: boolean | null
}

/** Where OpenStack’s ports stand in a bundle. */
export const openstackPorts = 'openstack/port-list.json'

/** Read from what `GET /v2.0/ports` answers, or a list of what `openstack port show -f json` prints; names as either writes them. */
export const readOpenstackPorts = perEvidence(({ store }: Evidence): Known<readonly OpenstackPort[]> => {
  const text = readText(store, openstackPorts)
  const json = isGap(text) ? text : parseJson(openstackPorts, text)
  if (isGap(json)) return json
  const list = Array.isArray(json) ? (json as unknown[]) : entry(json, 'ports')
  if (!Array.isArray(list)) return gap(openstackPorts, 'not what its name says: there is no list of ports')
  return (list as unknown[]).map((port, index) => {
    const secured = entry(port, 'port_security_enabled', 'Port Security')
    return {
      pointer: `${Array.isArray(json) ? '' : '/ports'}/${String(index)}`,
      id: textOf(entry(port, 'id', 'ID')),
      addresses: addressesIn(entry(port, 'fixed_ips', 'Fixed IP Addresses')),
      pairs: addressesIn(entry(port, 'allowed_address_pairs', 'Allowed Address Pairs')),
      secured: typeof secured === 'boolean' ? secured : null,
    }
  })
})

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function entry(value: unknown, ...names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const record = value as Readonly<Record<string, unknown>>
  return names.map((name) => record[name]).find((one) => one !== undefined)
}

const addressesIn = (list: unknown): readonly string[] =>
  Array.isArray(list)
    ? (list as unknown[]).flatMap((one) => {
        const address = entry(one, 'ip_address')
        return typeof address === 'string' ? [address] : []
      })
    : []
