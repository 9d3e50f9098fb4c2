import { pipeline, Transform, type Readable } from 'node:stream'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import type { ProxyFor } from '../../net/proxy.ts'
import { AnswerError, SilenceError, tooLarge, tooSlow, type AnswerLimits } from '../answer-limits.ts'

type Handle = NodeHttpHandler['handle']

/** The most that is waited where an answer says Retry-After, as of the API server. The SDK would try again after some seconds, in vain. */
const longestWaitSeconds = 30

/** What sends the SDK's requests: each through the proxy of its own host, where there is one, and with an end to its answer. */
export async function handlerFor(
  requestTimeoutMs: number,
  limits: AnswerLimits,
  proxyFor: ProxyFor = () => null,
): Promise<object> {
  const [{ NodeHttpHandler }, { HttpProxyAgent, HttpsProxyAgent }] = await Promise.all([
    import('./sdk.ts'),
    import('hpagent'),
  ])
  const waiting = { connectionTimeout: requestTimeoutMs, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true }
  const direct = new NodeHttpHandler(waiting)
  const through = new Map<string, typeof direct>()
  const handlerOf = (proxy: string | null): typeof direct => {
    if (proxy === null) return direct
    const agents = { keepAlive: true, maxSockets: 8, proxy }
    const made =
      through.get(proxy) ??
      new NodeHttpHandler({
        ...waiting,
        httpAgent: new HttpProxyAgent(agents),
        httpsAgent: new HttpsProxyAgent(agents),
      })
    through.set(proxy, made)
    return made
  }
  return {
    metadata: direct.metadata,
    handle: (async (request, how) => {
      const port = request.port === undefined ? '' : `:${String(request.port)}`
      const handler = handlerOf(proxyFor(`${request.protocol}//${request.hostname}${port}`))
      const { response } = await handler.handle(request, how).catch(onlyOnce)
      const after = Number(response.headers['retry-after'] ?? 0)
      if (after > longestWaitSeconds) {
        const body = response.body as Readable
        body.destroy()
        throw new AnswerError(`it wants to be asked again in ${String(after)} s only, and that is not waited for`)
      }
      response.body = ending(response.body as Readable, limits)
      return { response }
    }) satisfies Handle,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => direct.httpHandlerConfigs(),
    destroy: () => {
      for (const handler of [direct, ...through.values()]) handler.destroy()
    },
  }
}

/** Where nothing came for half a minute the SDK would ask five times more. It tells so by the name, which a connection that broke has, too. */
function onlyOnce(error: unknown): never {
  const broke = error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
  if (error instanceof Error && error.name === 'TimeoutError' && !broke)
    throw new SilenceError('it did not answer in time')
  throw error
}

/** A body that fails where it is longer, or takes longer, than any answer; the SDK reads it to its end before it looks at it. */
function ending(body: Readable, limits: AnswerLimits): Readable {
  let length = 0
  const ended = new Transform({
    transform(chunk: Buffer, _, done) {
      length += chunk.length
      done(length > limits.bytes ? tooLarge(limits) : null, chunk)
    },
  })
  const timer = setTimeout(() => ended.destroy(tooSlow(limits.ms)), limits.ms)
  return pipeline(body, ended, () => {
    clearTimeout(timer)
  })
}
