import { parseAddress } from '../../net/address.ts'
import { protocolOf } from '../../net/port.ts'
import type { Listener } from './listen.ts'
import { textFile, type TextFile } from '../text-file.ts'

/** One network namespace of a node: the addresses in it but loopback ones, and the sockets that wait there. */
interface PodNetwork {
  readonly addresses: readonly string[]
  readonly listeners: readonly Listener[]
  /** False where sockets may be missing: there were too many, or a line was not understood. */
  readonly whole: boolean
  /** The line with which it begins. */
  readonly line: number
}

/** The network namespaces of a node's pods, by each address in them. */
export interface PodListening extends TextFile {
  readonly byAddress: ReadonlyMap<string, PodNetwork>
}

interface Open {
  readonly line: number
  readonly addresses: string[]
  readonly listeners: Listener[]
  whole: boolean
}

/**
 * Reads `pod-listen.txt`: `pid NUMBER` begins a namespace, `address ADDRESS` is one of its addresses, `tcp ADDRESS:PORT` (`udp`, `sctp`) a
 * socket, and `more` says that there are others. An address that stands in two namespaces tells neither, so it is left out.
 */
export function parsePodListen(file: string, text: string): PodListening {
  const read = textFile(file, text)
  const open: Open[] = []
  for (const [index, line] of read.lines.entries()) {
    if (/^pid \d+$/.test(line)) {
      open.push({ line: index + 1, addresses: [], listeners: [], whole: true })
      continue
    }
    const last = open.at(-1)
    if (last === undefined || line.trim() === '' || line === 'more namespaces') continue
    const address = parseAddress(/^address (\S+)$/.exec(line)?.[1])
    const listener = listenerOf(line, index + 1)
    if (address !== null) last.addresses.push(address.text)
    else if (listener !== null) last.listeners.push(listener)
    else last.whole = false
  }
  const byAddress = new Map<string, PodNetwork>()
  const twice = new Set<string>()
  for (const network of open)
    for (const address of new Set(network.addresses)) {
      if (byAddress.has(address)) twice.add(address)
      byAddress.set(address, network)
    }
  for (const address of twice) byAddress.delete(address)
  return Object.freeze({ ...read, byAddress })
}

function listenerOf(line: string, number: number): Listener | null {
  const [, name, host = '', port] = /^(tcp|udp|sctp) (\S+):(\d+)$/.exec(line) ?? []
  const protocol = name === undefined ? null : protocolOf(name)
  const address = parseAddress(host.replace(/^\[(.*)\]$/, '$1'))
  if (protocol === null || address === null) return null
  return { protocol, address: address.text, port: Number(port), program: null, line: number }
}
