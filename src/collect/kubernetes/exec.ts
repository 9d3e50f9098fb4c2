import { PassThrough, type Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { isRefusal, statusMessage, unreached, type Refusal } from './ask.ts'
import type { Cluster } from './cluster.ts'

/** A command in a container, over one WebSocket. */
export interface Exec {
  /** Ends when the command did, or the connection. */
  readonly output: Readable
  readonly write: (input: string) => void
  /** Ends the connection: the command's input is closed, and what it prints goes nowhere. */
  readonly close: () => void
  readonly ended: Promise<ExecEnd>
}

interface ExecEnd {
  /** The command's exit status; null where the connection ended before it, or nothing was run. */
  readonly status: number | null
  /** What it printed on standard error, the last 4,000 characters. */
  readonly said: string
  /** Why there is no exit status, a phrase; null where there is one. */
  readonly broke: string | null
}

/** Where the command runs. */
export interface ExecPlace {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/*
 * Each message is a channel's number and bytes of it (k8s.io/apimachinery, pkg/util/remotecommand; v5 is v4 with a way to close a channel,
 * which is not used here, so that both do). Since Kubernetes 1.30 the API server speaks v5; before, it handed v4 on to the kubelet.
 */
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const channels = { input: 0, output: 1, error: 2, status: 3 } as const

/** A connection over which nothing comes, not even the answer to a ping, is given up after three pings. */
const pingMs = 20_000

/** Starts a command in a container. Gives the refusal where the API server or the kubelet did not let it start; never rejects. */
export async function exec(cluster: Cluster, place: ExecPlace, command: readonly string[]): Promise<Exec | Refusal> {
  const query = new URLSearchParams([
    ['container', place.container],
    ['stdin', 'true'],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...command.map((word): [string, string] => ['command', word]),
  ])
  const socket = await cluster.connect(
    `/api/v1/namespaces/${place.namespace}/pods/${place.pod}/exec?${query.toString()}`,
    protocols,
  )
  // Before it is open: its first message may come with the answer that opens it.
  const output = new PassThrough()
  let said = ''
  let end: ExecEnd | null = null
  let silentPings = 0
  socket.on('pong', () => (silentPings = 0))
  socket.on('message', (data: Buffer) => {
    silentPings = 0
    const bytes = data.subarray(1)
    if (data[0] === channels.output) output.write(bytes)
    else if (data[0] === channels.error) said = (said + bytes.toString()).slice(-4000)
    else if (data[0] === channels.status) {
      end = endOf(bytes.toString(), said)
      socket.close()
    }
  })
  const ping = setInterval(() => {
    silentPings += 1
    if (silentPings > 3) socket.terminate()
    else if (socket.readyState === socket.OPEN) socket.ping()
  }, pingMs)
  const ended = new Promise<ExecEnd>((resolve) => {
    socket.once('close', () => {
      clearInterval(ping)
      output.end()
      resolve(end ?? { status: null, said, broke: `the connection to the API server ${cluster.server} broke` })
    })
  })
  const refused = await new Promise<Refusal | null>((resolve) => {
    socket.once('open', () => {
      resolve(null)
    })
    socket.once('unexpected-response', (_, response: IncomingMessage) => {
      void refusalIn(response).then(resolve)
    })
    socket.on('error', (error) => {
      resolve(unreached(cluster.server, error))
    })
  })
  if (isRefusal(refused)) {
    socket.terminate()
    return refused
  }

  return {
    output,
    ended,
    write: (input) => {
      socket.send(Buffer.concat([Buffer.of(channels.input), Buffer.from(input)]))
    },
    close: () => {
      socket.terminate()
    },
  }
}

/** What the last channel tells: a `Status` object, whose details name the exit status where the command ran. */
function endOf(text: string, said: string): ExecEnd {
  const { status, message, details } = parsed(text)
  if (status === 'Success') return { status: 0, said, broke: null }
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  if (code !== undefined) return { status: Number(code), said, broke: null }
  return { status: null, said, broke: (message ?? 'the command did not run').trim().replace(/\.$/, '') }
}

interface Status {
  readonly status?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

function parsed(text: string): Status {
  try {
    return JSON.parse(text) as Status
  } catch {
    return { message: text.slice(0, 300) }
  }
}

async function refusalIn(response: IncomingMessage): Promise<Refusal> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch {
    // The status alone has to do.
  }
  const status = response.statusCode ?? 0
  const words = statusMessage(Buffer.concat(chunks))
  return { refusal: true, status, everywhere: status === 401 || status === 403, reason: words }
}
