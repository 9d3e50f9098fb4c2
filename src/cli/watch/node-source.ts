import type { FrameSource, ListenOptions } from '../../capture/source.ts'
import { readTcpdump, tcpdumpFlags } from '../../capture/sources/tcpdump.ts'
import { reasonOf, sshArguments, type NodeTarget, type SshOptions } from '../../collect/node/transport.ts'
import { UserError } from '../../evidence/user-error.ts'

/*
 * What runs on the node: tcpdump, by sudo where the login is not root, until standard input is closed. Without an interface it is the one
 * with the address that this connection came to (SSH_CONNECTION: client, its port, server, its port). tcpdump would notice that nobody
 * reads any more at its next frame only; sudo gives the signal on to it, and only root may send one to sudo.
 */
const script = `nic=$1; shift
if [ -z "$nic" ]; then
  own=\${SSH_CONNECTION% *}; own=\${own##* }
  nic=$(ip -o address show to "$own" | while read -r _ name _; do echo "\${name%%@*}"; break; done)
fi
root=; [ "$(id -u)" = 0 ] || root='sudo -n'
exec 3>&1 >/dev/null
$root tcpdump -i "\${nic:-any}" "$@" >&3 3>&- & child=$!
exec 3>&-
cat
kill -TERM "$child" 2>/dev/null || $root kill -TERM "$child" 2>/dev/null
wait "$child"`

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Captures on a node through OpenSSH, on the interface of that name or the one with the node's own address. Nothing stays there. */
export function nodeSource(
  { node, address }: NodeTarget,
  interfaceName: string | null,
  options: ListenOptions,
  ssh: SshOptions,
): FrameSource {
  const command = ['sh', '-c', script, 'capture', interfaceName ?? '', ...tcpdumpFlags(options)].map(quoted).join(' ')
  return {
    name: interfaceName === null ? node : `${interfaceName} of ${node}`,
    read: (wanted, take, signal) =>
      readTcpdump(['ssh', ...sshArguments(ssh, address, command)], {
        name: node,
        patienceMs: 3000,
        refusal: (said, status) => refusalOf(said, status, node, signal.aborted),
        wanted,
        take,
        signal,
      }),
  }
}

/** What ssh, sudo and tcpdump say on standard error where nothing was captured. */
function refusalOf(said: string, status: number | null, node: string, stopped: boolean): UserError | null {
  if (/^tcpdump: listening on/m.test(said) || (stopped && said.trim() === '')) return null
  if (/^ssh: not found|ENOENT/m.test(said))
    return new UserError('There is no ssh on this machine.', 'apt-get install openssh-client')
  if (/tcpdump: (command )?not found/.test(said))
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
