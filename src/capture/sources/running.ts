import { spawn } from 'node:child_process'

/** A program that captures, here or elsewhere, for as long as its standard input is open. */
export interface Running {
  readonly output: AsyncIterable<Buffer>
  /** Ends its input: it ends soon after, and says what was lost. */
  readonly end: () => void
  readonly kill: () => void
  /** Its exit status, null where it has none, and what it said on standard error, the last 4,000 characters. */
  readonly closed: Promise<{ readonly status: number | null; readonly said: string }>
}

/** Starts a program of this machine. */
export function spawned([program = '', ...args]: readonly string[]): Running {
  // Its own process group: a terminal's Ctrl-C is for us, and tcpdump is to end after it has told what was lost.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4000)))
  child.stdin.on('error', () => undefined)
  child.on('error', (error) => (said += `${program}: ${error.message}`))
  return {
    output: child.stdout,
    end: () => {
      child.stdin.end()
    },
    kill: () => {
      if (child.pid !== undefined) killGroup(child.pid)
    },
    closed: new Promise((resolve) => {
      child.on('close', (status) => {
        resolve({ status, said })
      })
    }),
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}
