import { setTimeout as sleep } from 'node:timers/promises'
import { AnswerError } from '../answer-limits.ts'
import type { Cluster, Reply, Sent } from './cluster.ts'

/** Why a resource was not read. `everywhere`: no other would be either. */
export interface Refusal {
  readonly refusal: true
  readonly reason: string
  readonly status: number | null
  readonly everywhere: boolean
  /** The same request would end alike. */
  readonly lasting?: true
}

export const isRefusal = (value: unknown): value is Refusal => (value as Partial<Refusal> | null)?.refusal === true

/** The most that is waited where the server says Retry-After; one that asks for more is asked no more. How often the same request is sent. */
const longestWaitSeconds = 30
const mostTries = 5

/** Sends a GET until it is answered, as `request` does; 410 is an answer, too. */
export const ask = (
  cluster: Cluster,
  path: string,
  signal: AbortSignal,
  accept = 'application/json',
): Promise<Reply | Refusal> => request(cluster, { method: 'GET', path, accept, body: null, signal: null }, signal)

/**
 * Sends a request until it is answered: throttled (429) and overloaded (5xx) servers are given the time they ask for, a dropped connection
 * is tried again. Gives the answer if it is a 2xx or 410, else the refusal; never rejects. `signal` ends the waiting in between.
 */
export async function request(cluster: Cluster, sent: Sent, signal: AbortSignal): Promise<Reply | Refusal> {
  let last: Refusal | null = null
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const reply = await send(cluster, sent)
    if ('status' in reply && !isRefusal(reply) && (reply.status < 300 || reply.status === 410)) return reply
    const { refusal, waitSeconds } = isRefusal(reply)
      ? { refusal: reply, waitSeconds: reply.everywhere || reply.lasting === true ? null : tries / 4 }
      : judged(reply, tries, sent.method)
    last = refusal
    if (waitSeconds === null || signal.aborted || tries === mostTries) break
    try {
      await sleep(waitSeconds * 1000, undefined, { signal })
    } catch {
      return refused('interrupted', null, true)
    }
  }
  return last ?? refused('was not asked for', null, false)
}

const refused = (reason: string, status: number | null, everywhere: boolean): Refusal => ({
  refusal: true,
  reason,
  status,
  everywhere,
})

async function send(cluster: Cluster, sent: Sent): Promise<Reply | Refusal> {
  try {
    return await cluster.send(sent)
  } catch (error) {
    return unreached(cluster.server, error)
  }
}

/** What an answer that is no success means, and how long to wait before the next try; null where no try would help. */
function judged(
  { status, body, retryAfterSeconds }: Reply,
  tries: number,
  method: Sent['method'],
): { refusal: Refusal; waitSeconds: number | null } {
  const words = statusMessage(body)
  if (retryAfterSeconds !== null && retryAfterSeconds > longestWaitSeconds)
    return {
      refusal: refused(
        `the API server wants to be asked again in ${String(retryAfterSeconds)} s only (${String(status)}), and that is not waited for`,
        status,
        true,
      ),
      waitSeconds: null,
    }
  if (status === 401)
    return {
      refusal: refused(`the API server does not accept the credentials (401: ${words})`, 401, true),
      waitSeconds: null,
    }
  if (status === 429)
    return {
      refusal: refused('the API server kept throttling (429 Too Many Requests)', 429, false),
      waitSeconds: retryAfterSeconds ?? tries,
    }
  // Of something to be made, 500 is what an admission webhook's failure is told with: it would hang once more.
  const overloaded = method === 'POST' ? status === 503 : status >= 500
  return {
    refusal: refused(`the API server answered ${String(status)} (${words})`, status, false),
    waitSeconds: overloaded && tries < 4 ? (retryAfterSeconds ?? tries / 4) : null,
  }
}

/** The message of a `Status` object, shortened; the body's first line where it is none. */
export function statusMessage(body: Buffer): string {
  const text = body.toString('utf8', 0, 2000)
  const message = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.split('\n')[0] ?? ''
  return message.replaceAll('\\"', '"').trim().replace(/\.$/, '').slice(0, 300)
}

/** Why a connection brought no whole answer. */
export function unreached(server: string, error: unknown): Refusal {
  if (error instanceof AnswerError)
    return { ...refused(`the API server ${server} was not waited for: ${error.message}`, null, false), lasting: true }
  const { code = '', message, name } = error as NodeJS.ErrnoException
  if (name === 'AbortError') return refused('interrupted', null, true)
  if (/CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED|^ERR_TLS|^ERR_SSL|^EPROTO/.test(code)) {
    return refused(
      `the certificate of the API server ${server} is not accepted (${message.replace(/\.$/, '')})`,
      null,
      true,
    )
  }
  switch (code) {
    case 'ETIMEDOUT':
      return refused(`the API server ${server} did not answer in time`, null, true)
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return refused(`the API server ${server} cannot be reached (${code})`, null, true)
    default:
      return refused(
        `the connection to the API server ${server} broke (${code === '' ? message.replace(/\.$/, '') : code})`,
        null,
        false,
      )
  }
}
