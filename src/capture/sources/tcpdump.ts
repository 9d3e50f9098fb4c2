import { UserError } from '../../evidence/user-error.ts'
import { withVlan, type FrameSource, type ListenOptions } from '../source.ts'
import { endOf, readRunning } from './read-running.ts'
import { spawned } from './running.ts'

/**
 * A shell function that ends the process `$child` where an interface (its first argument) goes down, and says so. libpcap 1.10 waits for it
 * to come up again (pcap-linux.c, pcap_wait_for_frames_mmap), which would be silence that nobody could hear. `any` has no file there.
 */
export const untilDown = `until_down() {
  flags=/sys/class/net/$1/flags
  [ -r "$flags" ] || return 0
  while now=$(cat "$flags" 2>/dev/null) && [ "$(($now & 1))" = 1 ]; do sleep 1 2>&-; done
  echo "capture: $1 went down, or is no more" >&2
  kill -TERM "$child" 2>/dev/null || $root kill -TERM "$child" 2>/dev/null
}`

/**
 * Runs tcpdump for as long as our end of its standard input is open: it ends with us even where we are killed. tcpdump itself would only
 * notice at the next packet. The shell gives its own standard output away, so that the end of tcpdump is the end of the stream.
 */
const leash = `${untilDown}
nic=$1; shift
exec 3>&1 >/dev/null; tcpdump -i "$nic" "$@" >&3 3>&- & child=$!; exec 3>&-
until_down "$nic" & watch=$!
cat; kill "$watch" 2>/dev/null; kill -TERM "$child"; wait "$child"`

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
      readRunning(spawned(['sh', '-c', leash, 'tcpdump', interfaceName, ...tcpdumpFlags(options)]), {
        ...tcpdumpWords,
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

/** What tcpdump says when it ends, here or on a node. */
export const tcpdumpWords = {
  dropped: droppedIn,
  lastWords,
  on: (said: string) => /^tcpdump: listening on ([^,\s]+),/m.exec(said)?.[1],
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
  const down = /^capture: (.+)$/m.exec(said)?.[1]
  if (down !== undefined) return down
  const [, words] =
    [...said.matchAll(/^tcpdump: (?!listening on |verbose |data link )(?:pcap_loop: )?(.+?)\.?$/gm)].at(-1) ?? []
  if (words !== undefined) return `tcpdump said: ${words}`
  return `tcpdump ${endOf(status)}`
}

/** `3 packets dropped by kernel`, printed when tcpdump ends. */
function droppedIn(complaint: string): number | null {
  const found = /(\d+) packets? dropped by kernel/.exec(complaint)?.[1]
  return found === undefined ? null : Number(found)
}
