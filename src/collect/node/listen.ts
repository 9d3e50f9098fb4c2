import type { FrameSource, ListenOptions } from '../../capture/source.ts'
import type { Running } from '../../capture/sources/running.ts'
import { readRunning } from '../../capture/sources/read-running.ts'
import { tcpdumpFlags, tcpdumpWords, untilDown } from '../../capture/sources/tcpdump.ts'
import { UserError } from '../../evidence/user-error.ts'
import { reasonOf, type NodeTarget } from './transport.ts'

/** Runs a shell command on a node for as long as `work` has to do with it. @throws UserError where nothing can be run there. */
export type Runner = <T>(
  target: NodeTarget,
  command: readonly string[],
  work: (running: Running) => Promise<T>,
) => Promise<T>

/** Where to listen on a node: an interface, else the one in whose subnet the VIP lies, else the one with this address; without all, where the ssh connection came to. */
export interface Place {
  readonly interfaceName: string | null
  readonly vip: string | null
  readonly address: string | null
  /** Where the node's root stands, in a pod; its tcpdump is run where the pod's image has none. */
  readonly root: string | null
}

/*
 * What runs on the node: tcpdump, by sudo where the login is not root, until it ends by itself, a line comes, or standard input is closed.
 * Without an interface it is the one on whose link the VIP is (the longest prefix of a route without a gateway; one address alone is no link),
 * else the one with the address, or that the connection came to (SSH_CONNECTION: client, its port, server, its port). tcpdump would notice that nobody reads any more at its next frame only; sudo gives the signal on to it, and only root may send
 * one to sudo.
 */
const script = `${untilDown}
nic=$1 vip=$2 own=$3 node=$4; shift 4
if [ -z "$nic" ]; then
  [ -n "$own" ] || { own=\${SSH_CONNECTION% *}; own=\${own##* }; }
  find='case $0 in *:*) six=-6 ;; *) six= ;; esac
    link=$([ -z "$0" ] || ip -o $six route show match "$0" | grep -e "^[^ ]*/.* dev " | grep -v " via " | sort -t/ -k2n | tail -n 1)
    [ -z "$link" ] || { link=\${link#* dev }; echo "\${link%% *}"; exit; }
    ip -o address show to "$1" | while read -r _ name _; do echo "\${name%%@*}"; break; done'
  nic=$(sh -c "$find" "$vip" "$own" 2>/dev/null)
  [ -n "$nic" ] || [ -z "$node" ] || nic=$(chroot "$node" /bin/sh -c "$find" "$vip" "$own")
fi
root=; [ "$(id -u)" = 0 ] || root='sudo -n'
if [ -n "$node" ]; then
  set -- -Z root "$@" # An image need not have the user that tcpdump would become.
  command -v tcpdump >/dev/null 2>&1 || root="chroot $node"
fi
exec 3>&1 4<&0 >/dev/null
$root tcpdump -i "\${nic:-any}" "$@" >&3 3>&- 4<&- & child=$!
exec 3>&-
{ read -r _; kill -TERM "$child" 2>/dev/null || $root kill -TERM "$child" 2>/dev/null; } <&4 & leash=$!
exec 4<&- </dev/null
until_down "\${nic:-any}" & watch=$!
wait "$child"; status=$?
kill "$leash" "$watch" 2>/dev/null
exit "$status"`

/** Captures on a node. Nothing stays there. */
export function nodeSource(target: NodeTarget, place: Place, options: ListenOptions, run: Runner): FrameSource {
  const { node } = target
  const { interfaceName, vip, address, root } = place
  const where = [interfaceName, vip, address, root].map((one) => one ?? '')
  return {
    name: interfaceName === null ? node : `${interfaceName} of ${node}`,
    read: (wanted, take, signal, onListening) =>
      run(target, ['sh', '-c', script, 'capture', ...where, ...tcpdumpFlags(options)], (running) =>
        readRunning(running, {
          ...tcpdumpWords,
          name: node,
          patienceMs: 3000,
          refusal: (said, status) => refusalOf(said, status, node, signal.aborted),
          wanted,
          take,
          signal,
          onListening,
        }),
      ).catch((error: unknown) => {
        // Ended before it began to listen: nothing was seen.
        if (error instanceof UserError && signal.aborted) return { cut: null, dropped: null, frames: new Map() }
        throw error
      }),
  }
}

/** What ssh, sudo and tcpdump say on standard error where nothing was captured. */
function refusalOf(said: string, status: number | null, node: string, stopped: boolean): UserError | null {
  if (/^tcpdump: listening on/m.test(said) || (stopped && said.trim() === '')) return null
  if (/^ssh: not found|ENOENT/m.test(said))
    return new UserError('There is no ssh on this machine.', 'apt-get install openssh-client')
  if (/tcpdump: (command )?not found|chroot:.*tcpdump/.test(said))
    return new UserError(`There is no tcpdump on ${node}.`, `ssh ${node} sudo apt-get install tcpdump`)
  if (/^sudo: .*(password|terminal|not allowed)/m.test(said))
    return new UserError(
      `Capturing on ${node} needs root, and sudo -n was refused there.`,
      'The user needs `sudo -n tcpdump` and `sudo -n kill` there; --ssh-user names another.',
    )
  if (/permission to (capture|perform)|Operation not permitted/.test(said))
    return new UserError(`Capturing on ${node} needs a privilege that the user lacks there.`)
  const missing = /tcpdump: (\S+): (?:No such device|SIOCETHTOOL)/.exec(said)?.[1]
  if (missing !== undefined)
    return new UserError(`There is no interface ${missing} on ${node}.`, `ssh ${node} ip -brief link`)
  return new UserError(`Nothing could be captured on ${node}: ${reasonOf('ssh', said, status, null)}.`)
}
