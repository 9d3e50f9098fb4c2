import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import { withVlan, type FrameSource, type ListenOptions, type SourceEnd, type Wanted } from '../source.ts'
import { spawned, type Running } from './running.ts'
import { readFrames } from './stream.ts'

/**
 * Runs tcpdump for as long as our end of its standard input is open: it ends with us even where we are killed. tcpdump itself would only
 * notice at the next packet. The shell gives its own standard output away, so that the end of tcpdump is the end of the stream.
 */
const leash =
  'exec 3>&1 >/dev/null; tcpdump "$@" >&3 3>&- & child=$!; exec 3>&-; cat; kill -TERM "$child"; wait "$child"'

/**
 * What the kernel's buffer takes, in KiB. tcpdump's own 2 MiB of frames of up to 256 KiB are eight places in immediate mode, and lose
 * frames from 20,000 a second on.
 */
const bufferKiB = 32 << 10

/** tcpdump's flags: frame by frame to standard output, and not promiscuous unless asked, since that can hide the very fault. */
export const tcpdumpFlags = ({ promiscuous, filter, snapLength }: ListenOptions): readonly string[] => [
  ...(promiscuous ? [] : ['-p']),
  '-n',
  '-U',
  '-s',
  String(snapLength),
  '-B',
  String(bufferKiB),
  '--immediate-mode',
  '-w',
  '-',
  withVlan(filter),
]

/** Captures on an interface of this host by the system's tcpdump. It is ended with the signal, and never outlives this program. */
export function tcpdumpSource(interfaceName: string, options: ListenOptions): FrameSource {
  return {
    name: interfaceName,
    read: (wanted, take, signal, onListening) =>
      readTcpdump(spawned(['sh', '-c', leash, 'tcpdump', '-i', interfaceName, ...tcpdumpFlags(options)]), {
        name: interfaceName,
        patienceMs: 5000,
        refusal: (complaint) => refusalOf(complaint, interfaceName),
        wanted,
        take,
        signal,
        onListening,
      }),
  }
}

interface Reading {
  readonly name: string
  /** How long the program may take to end; then its processes are killed, and what it would have said of losses is not known. */
  readonly patienceMs: number
  /** What the program's words mean where it could not capture. */
  readonly refusal: (complaint: string, status: number | null) => UserError | null
  readonly wanted: Wanted
  readonly take: (frame: Frame) => void
  readonly signal: AbortSignal
  readonly onListening?: (() => void) | undefined
}

/** Reads what a program captures until it ends, which it does when its standard input is closed: at the signal, or when we end. */
export async function readTcpdump(
  running: Running,
  { name, patienceMs, refusal, wanted, take, signal, onListening }: Reading,
): Promise<SourceEnd> {
  let impatient: NodeJS.Timeout | null = null
  const end = (): void => {
    running.end()
    impatient ??= setTimeout(running.kill, patienceMs)
  }
  const heard: { sinceMs: number | null } = { sinceMs: null }
  const listening = (): void => {
    heard.sinceMs = performance.now()
    onListening?.()
  }
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  try {
    const { cut, frames } = await readFrames(
      name,
      toldOf(running.output, listening),
      wanted,
      take,
      new AbortController().signal,
    ).catch((error: unknown) => {
      if (error instanceof UserError) return { cut: null, frames: new Map<number, number>() }
      throw error
    })
    const unasked = !signal.aborted
    const seconds = heard.sinceMs === null ? 0 : (performance.now() - heard.sinceMs) / 1000
    end()
    const { status, said } = await running.closed
    const refused = refusal(said, status)
    if (refused !== null) throw refused
    return {
      cut: signal.aborted ? null : cut,
      dropped: droppedIn(said),
      frames,
      early: unasked ? { seconds, why: lastWords(said, status) } : undefined,
      on: /^tcpdump: listening on ([^,\s]+),/m.exec(said)?.[1],
    }
  } finally {
    signal.removeEventListener('abort', end)
    end()
    void running.closed.then(() => {
      if (impatient !== null) clearTimeout(impatient)
    })
  }
}

/** The same bytes; the first of them, the file's header, comes when tcpdump listens. */
async function* toldOf(output: AsyncIterable<Buffer>, onListening: () => void): AsyncIterable<Buffer> {
  let first = true
  for await (const chunk of output) {
    if (first) onListening()
    first = false
    yield chunk
  }
}

/** tcpdump is not installed. */
export class NoTcpdump extends UserError {
  constructor() {
    super('There is no tcpdump on this machine.', 'apt-get install tcpdump')
  }
}

/** What tcpdump says on standard error where it cannot capture (tcpdump 4.99, libpcap 1.10). */
function refusalOf(complaint: string, interfaceName: string): UserError | null {
  if (/tcpdump: not found|tcpdump: No such file/.test(complaint)) return new NoTcpdump()
  if (/permission to (capture|perform)|Operation not permitted/.test(complaint))
    return new UserError(
      `Capturing on ${interfaceName} needs a privilege that this user lacks.`,
      'Run it with sudo, or once: sudo setcap cap_net_raw+ep "$(command -v tcpdump)"',
    )
  if (/No such device|doesn't exist|SIOCETHTOOL|No such interface/.test(complaint))
    return new UserError(`There is no interface ${interfaceName}.`, '`ip -brief link` lists them.')
  if (/is not up|Network is down/.test(complaint)) return new UserError(`Interface ${interfaceName} is down.`)
  return null
}

/** Why a tcpdump that listened ended by itself, a phrase. */
function lastWords(said: string, status: number | null): string {
  const [, words] =
    [...said.matchAll(/^tcpdump: (?!listening on |verbose |data link )(?:pcap_loop: )?(.+?)\.?$/gm)].at(-1) ?? []
  if (words !== undefined) return `tcpdump said: ${words}`
  if (status === null || status > 128) return 'tcpdump was killed'
  return status === 0 ? 'tcpdump ended by itself' : `tcpdump ended with status ${String(status)}`
}

/** `3 packets dropped by kernel`, printed when tcpdump ends. */
function droppedIn(complaint: string): number | null {
  const found = /(\d+) packets? dropped by kernel/.exec(complaint)?.[1]
  return found === undefined ? null : Number(found)
}
