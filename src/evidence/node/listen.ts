import { parseAddress } from '../../net/address.ts'
import type { Protocol } from '../../net/port.ts'
import { textFile, type TextFile } from '../text-file.ts'

/** A socket that waits for clients, as one line of a listing shows it. `address` is null for a wildcard of both families. */
export interface Listener {
  readonly protocol: Protocol
  readonly address: string | null
  readonly port: number
  /** The program, cut by the kernel to 15 characters; null without the privilege to see it. */
  readonly program: string | null
  readonly line: number
}

/** The sockets of a node, and the lines that were not understood. */
export interface Listening extends TextFile {
  readonly listeners: readonly Listener[]
  readonly misread: readonly number[]
}

/** Reads `ss -ltnup`, with or without its header; the first column is `tcp`, `udp`, or missing where one protocol was asked for. */
export function parseListen(file: string, text: string): Listening {
  const read = textFile(file, text)
  const listeners: Listener[] = []
  const misread: number[] = []
  for (const [index, line] of read.lines.entries()) {
    if (line.trim() === '' || line.startsWith('Netid') || line.startsWith('State')) continue
    const listener = listenerOf(line, index + 1)
    if (listener === null) misread.push(index + 1)
    else listeners.push(listener)
  }
  return Object.freeze({ ...read, listeners: Object.freeze(listeners), misread: Object.freeze(misread) })
}

function listenerOf(line: string, number: number): Listener | null {
  const match = /^(?:(tcp|udp)\s+)?(LISTEN|UNCONN)\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+(?:\s+users:\(\("([^"]*)")?/.exec(
    line,
  )
  if (match === null) return null
  const [, named, state, host = '', port, program] = match
  const text = host.replace(/%.*$/, '').replace(/^\[(.*)\]$/, '$1')
  const address = text === '*' ? null : (parseAddress(text)?.text ?? text)
  return Object.freeze({
    protocol: named === 'udp' || (named === undefined && state === 'UNCONN') ? 'udp' : 'tcp',
    address,
    port: Number(port),
    program: program ?? null,
    line: number,
  })
}

/** Whether a socket takes what is sent to this address: its own, or a wildcard of the same family, or of both. */
export function takes({ address }: Listener, destination: string): boolean {
  if (address === null || address === destination) return true
  return destination.includes(':') ? address === '::' : address === '0.0.0.0' || address === '::'
}
