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

/**
 * The same from a node, as a script for `sh -s`: the first of bash, nc and python3 that is there. It prints one word, as `Outcome`, with
 * blanks as `-`.
 */
export const connectScript = (address: string, port: number, seconds: number): string => `
try() {
  if command -v bash >/dev/null; then timeout ${String(seconds)} bash -c 'exec 3<>"/dev/tcp/${address}/${String(port)}"'
  elif command -v nc >/dev/null; then timeout ${String(seconds)} nc -z '${address}' ${String(port)}
  else return 127; fi
}
said=$(try 2>&1 </dev/null); status=$?
case "$status:$said" in
  0:*) echo vipdoctor-probe connected ;;
  124:*) echo vipdoctor-probe timeout ;;
  127:*) echo vipdoctor-probe not-tried ;;
  *efused*) echo vipdoctor-probe refused ;;
  *imed\\ out*) echo vipdoctor-probe timeout ;;
  *) echo vipdoctor-probe no-route-to-host ;;
esac
`

/** Reads what the script printed. */
export function outcomeIn(printed: string): Outcome {
  const word = /^vipdoctor-probe (\S+)$/m.exec(printed)?.[1]?.replaceAll('-', ' ')
  return outcomes.find((outcome) => outcome === word) ?? 'not tried'
}

const outcomes: readonly Outcome[] = ['connected', 'refused', 'no route to host', 'timeout']
