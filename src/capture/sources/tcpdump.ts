import { spawn } from 'node:child_process'
import { UserError } from '../../evidence/user-error.ts'
import type { FrameSource } from '../source.ts'
import { readFrames } from './stream.ts'

/**
 * Runs tcpdump for as long as our end of its standard input is open: it ends with us even where we are killed. tcpdump itself would only
 * notice at the next packet. The shell gives its own standard output away, so that the end of tcpdump is the end of the stream.
 */
const leash =
  'exec 3>&1 >/dev/null; tcpdump "$@" >&3 3>&- & child=$!; exec 3>&-; cat; kill -TERM "$child"; wait "$child"'

/**
 * Captures on an interface of this host by the system's tcpdump: not promiscuous unless asked, since that can hide the very fault, and
 * packet by packet. It is ended with the signal, and never outlives this program.
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
      const child = spawn('sh', ['-c', leash, 'tcpdump', ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
      const end = (): void => {
        child.stdin.end()
      }
      if (signal.aborted) end()
      signal.addEventListener('abort', end)
      let complaint = ''
      child.stderr.on('data', (data: Buffer) => (complaint = (complaint + data.toString()).slice(-4096)))
      const closed = new Promise<void>((resolve) => {
        child.on('close', () => {
          resolve()
        })
      })
      try {
        const { cut } = await readFrames(interfaceName, child.stdout, wanted, take, new AbortController().signal).catch(
          (error: unknown) => {
            if (error instanceof UserError) return { cut: null }
            throw error
          },
        )
        end()
        await closed
        const refused = refusalOf(complaint, interfaceName)
        if (refused !== null) throw refused
        return { cut: signal.aborted ? null : cut, dropped: droppedIn(complaint) }
      } finally {
        signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}

/** What tcpdump says on standard error where it cannot capture (tcpdump 4.99, libpcap 1.10). */
function refusalOf(complaint: string, interfaceName: string): UserError | null {
  if (/tcpdump: not found|tcpdump: No such file/.test(complaint))
    return new UserError('There is no tcpdump on this machine.', 'apt-get install tcpdump')
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
