import { existsSync } from 'node:fs'
import type { Frame } from '../../capture/frame.ts'
import type { Progress } from '../../collect/collection.ts'
import type { NodeTarget } from '../../collect/node/transport.ts'
import type { Node } from '../../evidence/kubernetes/kinds.ts'
import type { FrameSource, SourceEnd, Wanted } from '../../capture/source.ts'
import { fileSource } from '../../capture/sources/file.ts'
import { liveSource } from '../../capture/sources/live.ts'
import { routesHere } from '../../capture/sources/route.ts'
import { writeFrames } from '../../capture/sources/write-file.ts'
import { UserError } from '../../evidence/user-error.ts'
import { exitCodes, say } from '../exit.ts'
import { onInterrupt } from '../interrupt.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import type { FrameFlags } from './flags.ts'
import { listening } from './listening.ts'
import { podsGoing, reachNodes } from '../reach-nodes.ts'

/** It is as it should be, a fault was seen, nothing can be concluded. */
export const codeOf = {
  fine: exitCodes.reachable,
  fault: exitCodes.unreachable,
  open: exitCodes.inconclusive,
} as const

/** The node to listen on, its own address (null: not known), and all nodes of its cluster. */
export interface KnownNode {
  readonly target: NodeTarget
  readonly address: string | null
  readonly nodes: readonly Node[]
}

interface Watch {
  /** Which frames matter, and the same for the kernel; how much of each is kept. */
  readonly wanted: Wanted
  readonly filter: string
  readonly snapLength: number
  /** What is known of the node of the flags; without it ssh is given its name. */
  readonly node?: KnownNode | null
  /** Whose way leads to the interface, where none is named. */
  readonly towards: Address
  /** Sees each frame; true ends the watch. */
  readonly take: (frame: Frame) => boolean
  /** What is done while listening, on the interface; the watch ends a moment after it. */
  readonly meanwhile?: (interfaceName: string, signal: AbortSignal) => Promise<void>
}

/** How long tcpdump takes until it listens, and how long an answer may take after the last question. */
const settleMs = 800
const answerMs = 1200

/** Hands every wanted frame of the flags' source to `take`, until its end, the duration, Ctrl-C, or `take` says so. */
export async function watchFrames(flags: FrameFlags, watch: Watch): Promise<SourceEnd> {
  const interrupt = onInterrupt(flags.nodes === 'pod' ? podsGoing : null)
  const { source, interfaceName, close } = await sourceOf(flags, watch, interrupt.signal)
  const file = flags.write === undefined ? null : writeFrames(flags.write)
  const stop = new AbortController()
  const end = (): void => {
    stop.abort()
  }
  interrupt.signal.addEventListener('abort', end)
  const { meanwhile } = watch
  const asks = interfaceName !== null && meanwhile !== undefined
  const timers: NodeJS.Timeout[] = []
  const told = listening({ quiet: flags.quiet, now: Date.now })
  const startClock = (): void => {
    timers.push(setTimeout(end, flags.duration * 1000))
  }
  if (flags.read === undefined && flags.node === undefined && !asks) startClock()
  const onListening = (): void => {
    told.begin(source.name, asks ? null : flags.duration)
    if (flags.node !== undefined) startClock()
  }
  const asking = asks
    ? wait(settleMs, stop.signal)
        .then(() => meanwhile(interfaceName, stop.signal))
        .then(() => wait(answerMs, stop.signal))
        .finally(end)
    : Promise.resolve()
  try {
    const [ended] = await Promise.all([
      source.read(
        watch.wanted,
        (frame) => {
          if (stop.signal.aborted) return
          file?.write(frame)
          told.frame()
          told.clear()
          if (watch.take(frame)) end()
        },
        stop.signal,
        onListening,
      ),
      asking,
    ])
    return ended
  } finally {
    end()
    timers.forEach(clearTimeout)
    told.end()
    await close()
    interrupt.release()
    file?.close()
  }
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

async function sourceOf(
  flags: FrameFlags,
  { towards, filter, snapLength, node }: Watch,
  signal: AbortSignal,
): Promise<{ source: FrameSource; interfaceName: string | null; close: () => Promise<void> }> {
  const close = (): Promise<void> => Promise.resolve()
  if (flags.read !== undefined) {
    refuse(flags, ['interface', 'node', 'source'], 'is about listening, and a file was named')
    return { source: fileSource(flags.read), interfaceName: null, close }
  }
  const options = { promiscuous: flags.promiscuous, filter, snapLength }
  if (flags.node !== undefined) {
    refuse(flags, ['source'], 'is about this host, and on a node tcpdump listens')
    const { target, address, nodes } = node ?? {
      target: { node: flags.node, address: flags.node },
      address: null,
      nodes: [],
    }
    const run = { nodes, workMs: flags.duration * 1000, signal, progress: sayProgress }
    const reach = await reachNodes(flags, flags.nodes === 'pod' ? 'pod' : 'ssh', run)
    const where = { interfaceName: flags.interface ?? null, address, vip: null }
    return { source: reach.listen(target, where, options), interfaceName: null, close: reach.close }
  }
  const interfaceName = flags.interface ?? interfaceTo(towards)
  if (!existsSync(`/sys/class/net/${interfaceName}`))
    throw new UserError(`There is no interface ${interfaceName}.`, '`ip -brief link` lists them.')
  const source = await liveSource(interfaceName, options, { asked: flags.source, say: sayOurs })
  return { source, interfaceName, close }
}

/** @throws UserError where one of these flags is given. */
function refuse(flags: FrameFlags, names: readonly ('interface' | 'node' | 'source')[], why: string): void {
  const given = names.find((name) => flags[name] !== undefined)
  if (given !== undefined) throw new UserError(`--${given} ${why}.`, 'Leave one of the two out.')
}

const sayOurs = (line: string): void => {
  say(`vipdoctor: ${line}.`)
}

const sayProgress: Progress = (says, failed) => {
  if (failed === true) sayOurs(says)
}

/** The interface that a packet to an address would leave by, as the kernel's routes have it. */
function interfaceTo({ text }: Address): string {
  const name = routesHere(['get', text])[0]?.dev
  if (name !== undefined && name !== 'lo') return name
  throw new UserError(
    `No interface of this host has a route to ${text}.`,
    'Name one by --interface; `ip -brief link` lists them.',
  )
}

/** @throws UserError where it is no address. */
export function addressOfFlag(flag: string, text: string): Address {
  const address = parseAddress(text)
  if (address === null) throw new UserError(`"${text}" is no address.`, `For example: --${flag} 10.240.0.100`)
  return address
}
