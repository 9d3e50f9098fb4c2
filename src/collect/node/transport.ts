import { spawn } from 'node:child_process'

/** How a node is reached: its name in the cluster, and the address or host name that OpenSSH is given. */
export interface NodeTarget {
  readonly node: string
  readonly address: string
  /** Why there is nothing to connect to, a phrase. */
  readonly unreachable?: string
}

/** How ssh is called; `user` null: as the user’s configuration says. */
export interface SshOptions {
  readonly user: string | null
  /** Each as behind `ssh -o`; they come first, so they win over ours and over the user's configuration. */
  readonly options: readonly string[]
}

/** What came back from a node: all of standard output, and why it may have ended early (null where the command ended well). */
export interface Answer {
  readonly bytes: Uint8Array
  readonly ended: string | null
}

/** What is run on a node, and for how long. */
export interface RunOptions {
  readonly signal: AbortSignal
  /** What is run there by `sh -s`. */
  readonly script: string
  /** After this long the connection is given up, whatever it has brought. */
  readonly timeoutMs: number
}

/** The most that is read of one node: twice what it prints of 100,000 rules, by both back-ends. */
export const mostOutputBytes = 128 * 1024 ** 2

/** Why a node that prints without end is not read. */
export const tooMuchOutput = `it printed more than ${String(mostOutputBytes / 1024 ** 2)} MiB`

/** Runs a script on a node; never throws. */
export type NodeTransport = (target: NodeTarget, options: RunOptions) => Promise<Answer>

/** Runs the script on this machine: for whoever is logged in on a node. */
export const localTransport: NodeTransport = (_, options) => runScript('sh', ['-s'], options)

/**
 * Runs the script through the system's OpenSSH client, so that the user's configuration, agent, jump hosts and known_hosts hold.
 * One connection a node; no password is asked (BatchMode) unless the user's own option says otherwise.
 */
export function sshTransport(how: SshOptions): NodeTransport {
  return ({ address }, options) => runScript('ssh', sshArguments(how, address, 'sh -s'), options)
}

/** What ssh is given to run a command of the login shell at an address, without a terminal. */
export function sshArguments({ user, options }: SshOptions, address: string, command: string): readonly string[] {
  const wanted = [...options, ...sshDefaults].flatMap((option) => ['-o', option])
  const login = user === null ? [] : ['-l', user]
  return ['-T', ...wanted, ...login, '--', address, command]
}

const sshDefaults = [
  'BatchMode=yes',
  'ConnectTimeout=10',
  // A node that falls silent is given up after half a minute; a long listing keeps answering these.
  'ServerAliveInterval=10',
  'ServerAliveCountMax=3',
  'Compression=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'ControlMaster=no',
  'LogLevel=ERROR',
]

function runScript(
  command: string,
  argv: readonly string[],
  { script, signal, timeoutMs }: RunOptions,
): Promise<Answer> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ bytes: new Uint8Array(), ended: 'interrupted' })
      return
    }
    // Its own process group, so that a ProxyCommand or a jump host's ssh ends with it.
    const child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    const chunks: Uint8Array[] = []
    let said = ''
    let stopped: string | null = null
    const stop = (why: string): void => {
      stopped ??= why
      killGroup(child.pid)
    }
    const onAbort = (): void => {
      stop('interrupted')
    }
    const timer = setTimeout(() => {
      stop(`no answer within ${String(Math.round(timeoutMs / 1000))} s`)
    }, timeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    const finish = (ended: string | null): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve({ bytes: Buffer.concat(chunks), ended })
    }
    let length = 0
    child.stdout.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length > mostOutputBytes) stop(tooMuchOutput)
      else chunks.push(chunk)
    })
    child.stderr.on('data', (chunk: Uint8Array) => {
      if (said.length < 4000) said += Buffer.from(chunk).toString()
    })
    // The other side may end before it has read the script; how it ended is what counts.
    child.stdin.on('error', () => undefined)
    child.stdin.end(script)
    child.once('error', (error) => {
      finish((error as NodeJS.ErrnoException).code === 'ENOENT' ? `${command} is not installed here` : error.message)
    })
    child.once('close', (status, by) => {
      finish(stopped ?? (status === 0 ? null : reasonOf(command, said, status, by)))
    })
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}

/** The line of OpenSSH's words that tells a user what to do, else how it ended. */
export function reasonOf(command: string, said: string, status: number | null, by: NodeJS.Signals | null): string {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trim())
    .filter((line) => line !== '' && !/^@+$|^@.*@$|^\*\*/.test(line))
  const telling = lines.findLast((line) =>
    /^ssh:|permission denied|host key|connection|timed? ?out|closed|kex_|could not|no route/i.test(line),
  )
  const words = (telling ?? lines.at(-1))?.replace(/\.$/, '')
  if (words !== undefined) return words.startsWith('ssh:') ? words : `${command}: ${words}`
  return by === null ? `${command} ended with status ${String(status)}` : `${command} was ended by ${by}`
}
