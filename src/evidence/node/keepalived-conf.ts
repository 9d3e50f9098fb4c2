import { parseAddress, type Address } from '../../net/address.ts'

/** An address that an instance puts on an interface while it is master: `device` is null where the instance's own interface has it. */
interface VirtualAddress {
  readonly address: Address
  /** As it is written, with its prefix where it has one. */
  readonly text: string
  readonly device: string | null
  readonly line: number
}

/** A `vrrp_instance` of keepalived.conf(5). `interface` is null where it names none, `peers` empty where it speaks by multicast. */
export interface VrrpInstance {
  readonly name: string
  readonly settings: ReadonlyMap<string, string>
  readonly interface: string | null
  readonly peers: readonly string[]
  readonly addresses: readonly VirtualAddress[]
}

/** Statements of an instance that say which node is master, where, and whom it tells; none of them holds a secret. */
const readSettings: ReadonlySet<string> = new Set([
  ...['state', 'interface', 'virtual_router_id', 'priority', 'nopreempt', 'unicast_src_ip', 'use_vmac'],
])

type Statement = readonly string[]

/** The instances of a configuration, in order; what is not read of it, passwords and scripts, is left out. Never throws: braces that are not closed end with the file. */
export function parseKeepalivedConf(text: string): readonly VrrpInstance[] {
  const instances: VrrpInstance[] = []
  for (const { words, line, inside } of statementsOf(text)) {
    const [root, block, ...deeper] = inside
    if (root?.[0] !== 'vrrp_instance' || deeper.length > 0) continue
    const name = root[1] ?? ''
    const found = instances.find((one) => one.name === name)
    const instance = found ?? { name, settings: new Map<string, string>(), interface: null, peers: [], addresses: [] }
    const at = found === undefined ? instances.length : instances.indexOf(found)
    const more = withStatement(instance, block?.[0] ?? null, words, line)
    if (more !== instance) instances[at] = more
  }
  return instances
}

function withStatement(instance: VrrpInstance, block: string | null, words: Statement, line: number): VrrpInstance {
  const [key = '', value = ''] = words
  if (block === null && readSettings.has(key) && /^[\w.:@-]*$/.test(value))
    return {
      ...instance,
      settings: new Map([...instance.settings, [key, value]]),
      interface: key === 'interface' ? value : instance.interface,
    }
  const address = parseAddress(key.split('/')[0])
  if (address === null) return instance
  if (block === 'unicast_peer') return { ...instance, peers: [...instance.peers, address.text] }
  if (block !== 'virtual_ipaddress' && block !== 'virtual_ipaddress_excluded') return instance
  const dev = words[words.indexOf('dev') + 1]
  const device = words.includes('dev') && dev !== undefined && /^[\w.:@-]+$/.test(dev) ? dev : null
  return { ...instance, addresses: [...instance.addresses, { address, text: key, device, line }] }
}

interface Told {
  readonly words: Statement
  readonly line: number
  readonly inside: readonly Statement[]
}

/** Each statement with its line and the blocks that it stands in; what a brace follows opens a block and is none. `#` and `!` begin comments. */
function statementsOf(text: string): readonly Told[] {
  const told: Told[] = []
  const inside: Statement[] = []
  let last: Told | null = null
  const end = (): void => {
    if (last !== null) told.push(last)
    last = null
  }
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    for (const part of raw.replace(/[#!].*$/, '').split(/([{}])/)) {
      const words = part.trim().split(/\s+/)
      if (part === '{') {
        inside.push(last === null ? [] : last.words)
        last = null
      } else if (part === '}') {
        end()
        inside.pop()
      } else if (words[0] !== '') {
        end()
        last = { words, line: index + 1, inside: [...inside] }
      }
    }
  }
  end()
  return told
}

/** The instances as a configuration that says what is read of them, and nothing else. */
export const keptKeepalivedConf = (text: string): string => parseKeepalivedConf(text).map(printed).join('')

function printed({ name, settings, peers, addresses }: VrrpInstance): string {
  const block = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`    ${title} {`, ...lines.map((line) => `        ${line}`), '    }']
  return [
    `vrrp_instance ${/^[\w.-]*$/.test(name) ? name : '***'}`.trim() + ' {',
    ...[...settings].map(([key, value]) => `    ${`${key} ${value}`.trim()}`),
    ...block('unicast_peer', peers),
    ...block(
      'virtual_ipaddress',
      addresses.map(({ text, device }) => (device === null ? text : `${text} dev ${device}`)),
    ),
    '}',
    '',
  ].join('\n')
}
