import { spawn } from 'node:child_process'
import { UserError } from '../../evidence/user-error.ts'
import type { FrameSource } from '../source.ts'
import { readFrames } from './stream.ts'

/** What the kernel is told to hand out: everything else costs nothing. A tagged frame is matched behind its VLAN tag too. */
export const neighbourFilter = 'arp or icmp6 or (vlan and (arp or icmp6))'

/**
 * Captures on an interface of this host by the system's tcpdump: not promiscuous unless asked, since that can hide the very fault, and
 * packet by packet. It is ended with the signal, and never outlives this program: its output is a pipe that ends with us.
 */
export function tcpdumpSource(
  interfaceName: string,
  options: { readonly promiscuous: boolean; readonly filter: string },
): FrameSource {
  return {
    name: interfaceName,
    read: async (wanted, take, signal) => {
      const quiet = options.promiscuous ? [] : ['-p']
      const flags = [
        '-i',
        interfaceName,
        ...quiet,
        '-n',
        '-U',
        '-s',
        '0',
        '--immediate-mode',
        '-w',
        '-',
        options.filter,
      ]
      const child = spawn('tcpdump', flags, { stdio: ['ignore', 'pipe', 'pipe'] })
      const end = (): void => {
        child.kill('SIGINT')
      }
      if (signal.aborted) end()
      signal.addEventListener('abort', end)
      let complaint = ''
      child.stderr.on('data', (data: Buffer) => (complaint = (complaint + data.toString()).slice(-4096)))
      const failed = new Promise<NodeJS.ErrnoException | null>((resolve) => {
        child.on('error', resolve)
        child.on('close', () => {
          resolve(null)
        })
      })
      try {
        const { cut } = await readFrames(interfaceName, child.stdout, wanted, take, new AbortController().signal).catch(
          (error: unknown) => {
            if (error instanceof UserError) return { cut: null }
            throw error
          },
        )
        const error = await failed
        if (error?.code === 'ENOENT')
          throw new UserError('There is no tcpdump on this machine.', 'apt-get install tcpdump')
        const refused = refusalOf(complaint, interfaceName)
        if (refused !== null) throw refused
        return { cut: signal.aborted ? null : cut, dropped: droppedIn(complaint) }
      } finally {
        signal.removeEventListener('abort', end)
        child.kill('SIGKILL')
      }
    },
  }
}

/** What tcpdump says on standard error where it cannot capture (tcpdump 4.99, libpcap 1.10). */
function refusalOf(complaint: string, interfaceName: string): UserError | null {
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

/** `3 packets dropped by kernel`, printed when tcpdump ends. */
function droppedIn(complaint: string): number | null {
  const found = /(\d+) packets? dropped by kernel/.exec(complaint)?.[1]
  return found === undefined ? null : Number(found)
}
