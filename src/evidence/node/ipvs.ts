import { addressOf, parseAddress, type Address } from '../../net/address.ts'
import { protocolOf, type Protocol } from '../../net/port.ts'

/** Where IPVS sends a connection; weight 0 takes no new ones. */
interface RealServer {
  readonly address: Address
  readonly port: number
  readonly forward: 'masq' | 'route' | 'tunnel' | 'local'
  readonly weight: number
  readonly line: number
  /** The line as it is printed. */
  readonly text: string
}

interface VirtualServer {
  readonly protocol: Protocol
  readonly address: Address
  readonly port: number
  readonly scheduler: string
  /** For how long it keeps a client, in the unit of the listing; null where it does not. */
  readonly persistent: number | null
  readonly servers: readonly RealServer[]
  readonly line: number
  readonly text: string
}

/** The virtual servers of a node. `misread` are the lines (from 1) that were not understood. */
export interface Ipvs {
  readonly file: string
  readonly services: readonly VirtualServer[]
  readonly misread: readonly number[]
}

/**
 * Reads /proc/net/ip_vs (hexadecimal, network order), `ipvsadm -Ln` and `ipvsadm -Sn`: which one it is shows in each line.
 * Services by firewall mark are named as misread. Source: Linux net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_info_seq_show), ipvsadm 1.31.
 */
export function parseIpvs(file: string, text: string): Ipvs {
  const services: (Omit<VirtualServer, 'servers'> & { servers: RealServer[] })[] = []
  const misread: number[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const words = raw.trim().split(/\s+/)
    const line = index + 1
    const [first = ''] = words
    if (
      first === '' ||
      first === 'IP' ||
      first === 'Prot' ||
      (first === '->' && words[1]?.startsWith('RemoteAddress') === true)
    )
      continue
    const saved = first === '-A' || first === '-a'
    if (first === '->' || first === '-a') {
      const server = saved ? savedServer(words) : listedServer(words)
      const owner = saved ? services.find((one) => sameService(one, savedKey(words))) : services.at(-1)
      if (server === null || owner === undefined) misread.push(line)
      else owner.servers.push({ ...server, line, text: raw.trim() })
      continue
    }
    const key = saved ? savedKey(words) : listedKey(words)
    if (key === null) misread.push(line)
    else
      services.push({
        ...key,
        scheduler: (saved ? words[words.indexOf('-s') + 1] : words[2]) ?? '',
        persistent: persistence(words, saved ? '-p' : 'persistent'),
        servers: [],
        line,
        text: raw.trim(),
      })
  }
  return { file, services, misread }
}

const persistence = (words: readonly string[], word: string): number | null =>
  words.includes(word) ? Number(words[words.indexOf(word) + 1] ?? 0) : null

type Key = Pick<VirtualServer, 'protocol' | 'address' | 'port'>

const sameService = (one: Key, other: Key | null): boolean =>
  other !== null &&
  one.protocol === other.protocol &&
  one.port === other.port &&
  one.address.text === other.address.text

function listedKey([protocolName = '', place = '']: readonly string[]): Key | null {
  const protocol = protocolOf(protocolName)
  const where = placeOf(place)
  return protocol === null || where === null ? null : { protocol, ...where }
}

const flags: Readonly<Record<string, Protocol>> = { '-t': 'tcp', '-u': 'udp', '--sctp-service': 'sctp' }

function savedKey([, flag = '', place = '']: readonly string[]): Key | null {
  const protocol = flags[flag]
  const where = placeOf(place)
  return protocol === undefined || where === null ? null : { protocol, ...where }
}

const forwards: Readonly<Record<string, RealServer['forward']>> = {
  Masq: 'masq',
  Route: 'route',
  Tunnel: 'tunnel',
  Local: 'local',
  '-m': 'masq',
  '-g': 'route',
  '-i': 'tunnel',
}

type Server = Omit<RealServer, 'line' | 'text'>

function listedServer([, place = '', forward = '', weight]: readonly string[]): Server | null {
  const where = placeOf(place)
  return where === null ? null : { ...where, forward: forwards[forward] ?? 'masq', weight: Number(weight ?? 1) }
}

function savedServer(words: readonly string[]): Server | null {
  const where = placeOf(words[words.indexOf('-r') + 1] ?? '')
  const forward = words.flatMap((word) => forwards[word] ?? [])[0] ?? 'masq'
  return where === null ? null : { ...where, forward, weight: Number(words[words.indexOf('-w') + 1] ?? 1) }
}

/** `0A0001C8:0050`, `[2001:0db8::1]:0050` (hexadecimal, four digits), `10.0.1.200:80`, `[fd00::1]:80`. */
function placeOf(text: string): { address: Address; port: number } | null {
  const hex = /^([0-9A-F]{8}):([0-9A-F]{4})$/.exec(text)
  if (hex !== null) return { address: addressOf(4, BigInt(`0x${hex[1] ?? '0'}`)), port: parseInt(hex[2] ?? '0', 16) }
  const plain = /^(?:\[([^\]]+)\]|([\d.]+)):([0-9A-Fa-f]+)$/.exec(text)
  const address = parseAddress(plain?.[1] ?? plain?.[2])
  const digits = plain?.[3] ?? ''
  if (address === null || digits === '') return null
  const port =
    plain?.[1] !== undefined && digits.length === 4 && digits.startsWith('0') ? parseInt(digits, 16) : Number(digits)
  return Number.isInteger(port) ? { address, port } : null
}
