import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const bin = path.join(import.meta.dirname, '../../../bin/run.js')

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A LAN of the test's own: a bridge in one network namespace, and hosts at it. Everything is gone after `remove`. */
export interface Segment {
  /** The name of a host's namespace. */
  readonly space: (host: string) => string
  /** Runs a command in a host's namespace, to its end. */
  readonly run: (host: string, command: readonly string[]) => Ran
  /** Starts one that goes on; its output is there to be read. */
  readonly start: (host: string, command: readonly string[]) => ChildProcess
  /** Starts vipdoctor on a host, and waits until it listens there. */
  readonly listener: (host: string, args: readonly string[]) => Promise<ChildProcess>
  /** Runs vipdoctor on a host, while the test goes on. */
  readonly vipdoctor: (host: string, args: readonly string[]) => Promise<Ran>
  readonly remove: () => void
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Makes the hosts of a LAN: each has `eth0` with its addresses. Needs root. */
export function segment(name: string, hosts: Readonly<Record<string, readonly string[]>>): Segment {
  // Another run of the same suite on this machine has others.
  const space = (host: string): string => `vd-${String(process.pid)}-${name}-${host}`
  const own = [space('switch'), ...Object.keys(hosts).map(space)]
  for (const each of own) ip('netns', 'add', each)
  ip('-n', space('switch'), 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0')
  ip('-n', space('switch'), 'link', 'set', 'br0', 'up')
  for (const [host, addresses] of Object.entries(hosts)) {
    ip('-n', space('switch'), 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(host))
    ip('-n', space('switch'), 'link', 'set', host, 'master', 'br0', 'up')
    ip('-n', space(host), 'link', 'set', 'lo', 'up')
    ip('-n', space(host), 'link', 'set', 'eth0', 'up')
    for (const address of addresses)
      ip('-n', space(host), 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []))
  }
  const inside = (host: string, command: readonly string[]) => ['netns', 'exec', space(host), ...command]
  return {
    space,
    run: (host, command) => {
      const { status, stdout, stderr } = spawnSync('ip', inside(host, command), { encoding: 'utf8', timeout: 20_000 })
      return { code: status, stdout, stderr }
    },
    start: (host, command) => spawn('ip', inside(host, command), { stdio: ['ignore', 'pipe', 'pipe'] }),
    listener: async (host, args) => {
      const command = inside(host, [process.execPath, bin, ...args])
      const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'pipe'] })
      if (!(await untilTrue(() => listens(child.pid)))) throw new Error('It did not listen within 30 s.')
      // tcpdump opens its socket before its buffer and its filter are there.
      await sleep(1000)
      return child
    },
    vipdoctor: (host, args) =>
      ended(spawn('ip', inside(host, [process.execPath, bin, ...args]), { stdio: ['ignore', 'pipe', 'pipe'] })),
    remove: () => {
      for (const each of own) spawnSync('ip', ['netns', 'del', each])
    },
  }
}

/** Whether a process runs node (and no longer ip, in another namespace), and its namespace has a packet socket: a line behind the titles. */
function listens(pid: number | undefined): boolean {
  try {
    const command = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
    return (
      command.startsWith(process.execPath) &&
      readFileSync(`/proc/${String(pid)}/net/packet`, 'utf8')
        .trim()
        .includes('\n')
    )
  } catch {
    // It has ended.
    return true
  }
}

/** Waits up to 30 seconds, for a machine that has much else to do, until something holds; says whether it does. */
export async function untilTrue(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 300 && !holds(); tries += 1) await sleep(100)
  return holds()
}

/** What a child printed until it ended. */
export function ended(child: ChildProcess): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (data: string) => (stdout += data))
  child.stderr?.setEncoding('utf8').on('data', (data: string) => (stderr += data))
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, stdout, stderr })
    })
  })
}
