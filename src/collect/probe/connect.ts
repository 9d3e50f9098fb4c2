import net from 'node:net'

/** How a TCP connect ended. */
export type Outcome = 'connected' | 'refused' | 'no route to host' | 'timeout' | 'interrupted' | 'not tried'

/** Opens one TCP connection and closes it at once; no byte is sent. */
export function tcpConnect(
  address: string,
  port: number,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Outcome> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve('interrupted')
      return
    }
    const socket = net.connect({ host: address, port })
    const end = (outcome: Outcome): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(outcome)
    }
    const onAbort = (): void => {
      end('interrupted')
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.setTimeout(timeoutMs, () => {
      end('timeout')
    })
    socket.once('connect', () => {
      end('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(outcomeOf(error.code))
    })
  })
}

function outcomeOf(code: string | undefined): Outcome {
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'refused'
  return code === 'ETIMEDOUT' ? 'timeout' : 'no route to host'
}

/** What a node is asked to connect to; addresses are those that `parseAddress` prints. */
export interface Destination {
  readonly address: string
  readonly port: number
}

/** How many connections a node tries at once. */
export const destinationsAtOnce = 32

/**
 * The same from a node, as a script for `sh -s`, to several destinations: by bash, else by nc. It prints a line for each: its place in the
 * list, and one word, as `Outcome`, with `-` for blanks.
 */
export function connectScript(destinations: readonly Destination[], seconds: number): string {
  const tries = destinations.map(
    ({ address, port }, index) =>
      `try ${String(index)} '${address}' ${String(port)} &${(index + 1) % destinationsAtOnce === 0 ? '\nwait' : ''}`,
  )
  return `
connect() {
  if command -v bash >/dev/null; then timeout ${String(seconds)} bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2"
  elif command -v nc >/dev/null; then timeout ${String(seconds)} nc -z "$1" "$2"
  else return 127; fi
}
try() {
  said=$(connect "$2" "$3" 2>&1 </dev/null); status=$?
  case "$status:$said" in
    0:*) outcome=connected ;;
    124:*) outcome=timeout ;;
    127:*) outcome=not-tried ;;
    *efused*) outcome=refused ;;
    *imed\\ out*) outcome=timeout ;;
    *) outcome=no-route-to-host ;;
  esac
  echo "vipdoctor-probe $1 $outcome"
}
${tries.join('\n')}
wait
`
}

/** Reads what the script printed for its first `count` destinations. */
export function outcomesIn(printed: string, count: number): readonly Outcome[] {
  const words = new Map(
    [...printed.matchAll(/^vipdoctor-probe (\d+) (\S+)$/gm)].map(([, index, word]) => [
      Number(index),
      word?.replaceAll('-', ' '),
    ]),
  )
  return Array.from(
    { length: count },
    (_, index) => outcomes.find((outcome) => outcome === words.get(index)) ?? 'not tried',
  )
}

const outcomes: readonly Outcome[] = ['connected', 'refused', 'no route to host', 'timeout']
