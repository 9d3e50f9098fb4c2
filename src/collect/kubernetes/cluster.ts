import { existsSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { KubeConfig } from '@kubernetes/client-node'
import type WebSocket from 'ws'
import { HttpProxyAgent } from 'hpagent'
import { UserError } from '../../evidence/user-error.ts'
import { didYouMean } from '../../net/nearest.ts'
import type { ProxyFor } from '../../net/proxy.ts'
import { tooLarge, tooSlow, type AnswerLimits } from '../answer-limits.ts'
import { kubeconfigText } from './kubeconfig-text.ts'

/** How the API server is found and reached. */
export interface ClusterOptions {
  /** Kubeconfig files or pipes; none: the service account of the pod we run in. */
  readonly kubeconfigs: readonly string[]
  readonly context: string | null
  /** Where the kubeconfig names no proxy (`proxy-url`). */
  readonly proxyFor?: ProxyFor
  /** As whom requests are made (`--as`, `--as-group`); null: as who the credentials are. */
  readonly as?: { readonly user: string; readonly groups: readonly string[] } | null
}

/** An answer of the API server, whatever its status. */
export interface Reply {
  readonly status: number
  readonly retryAfterSeconds: number | null
  readonly body: Buffer
}

/** A request to the API server. */
export interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly accept: string
  /** Sent as JSON; null: nothing is. */
  readonly body: object | null
  /** What ends the request early; null: what ends every request of the cluster. */
  readonly signal: AbortSignal | null
}

/** One cluster, with the credentials that its context names. */
export interface Cluster {
  readonly server: string
  readonly context: string
  /** Sends one request. Rejects with Node's error where no whole answer came. */
  readonly send: (sent: Sent) => Promise<Reply>
  /** Opens a WebSocket that speaks one of these protocols; the first one that the server knows is spoken. */
  readonly connect: (path: string, protocols: readonly string[]) => Promise<WebSocket>
  readonly close: () => void
}

/** A page of 500 objects is some 10 MB; where pages keep expiring, the whole list of the largest cluster is one answer. */
const answerLimits: AnswerLimits = { bytes: 256 * 1024 ** 2, ms: 120_000 }

/** What is made waits for admission webhooks, each of which may take 30 s (admissionregistration.k8s.io/v1, timeoutSeconds). */
const admissionMs = 45_000

interface Timing {
  readonly signal: AbortSignal
  /** The longest silence. */
  readonly timeoutMs: number
  readonly limits?: AnswerLimits
}

/**
 * Finds the cluster by the rules of kubectl, and asks its exec plugin or token file for credentials once.
 *
 * @throws UserError where there is no configuration, the context is not in it, or its credentials cannot be got; the signal's reason where
 * it comes before the configuration.
 */
export async function openCluster(
  options: ClusterOptions,
  { signal, timeoutMs, limits = answerLimits }: Timing,
): Promise<Cluster> {
  const { KubeConfig } = await import('./kube-config.ts')
  const config = await load(KubeConfig, options, signal)
  const cluster = config.getCurrentCluster()
  if (cluster === null)
    throw new UserError(`The kubeconfig names no cluster for the context ${JSON.stringify(config.currentContext)}.`)
  const server = new URL(cluster.server)
  const proxy = (cluster.proxyUrl ?? '') || (options.proxyFor?.(cluster.server) ?? '')
  config.clusters = config.clusters.map((one) => (one === cluster ? { ...cluster, proxyUrl: proxy } : one))
  const plain = server.protocol === 'http:'
  const request: https.RequestOptions = {}
  try {
    if (!plain) await config.applyToHTTPSOptions(request)
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().replace(/\.$/, '') : String(error)
    throw new UserError(`The credentials of context ${config.currentContext} cannot be used: ${why}.`, null, {
      cause: error,
    })
  }
  const { ca, cert, key, servername, rejectUnauthorized, headers, auth } = request
  const tls = {
    ca,
    cert,
    key,
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
  // The library's own agent opens a connection for each request; it is needed only where a proxy is configured, and it knows all kinds.
  const keeping = { keepAlive: true, maxSockets: 8 }
  const own = plain ? new http.Agent(keeping) : new https.Agent({ ...keeping, ...tls })
  const agent = proxy === '' ? own : plain ? new HttpProxyAgent({ ...keeping, proxy }) : request.agent
  const base = cluster.server.replace(/\/$/, '')
  const asUs = {
    ...(headers as http.OutgoingHttpHeaders | undefined),
    'user-agent': 'vipdoctor',
    ...impersonating(options),
  }
  return {
    server: cluster.server,
    context: config.currentContext,
    send: ({ method, path, accept, body, signal: ending }) =>
      new Promise((resolve, reject) => {
        const content = body === null ? null : Buffer.from(JSON.stringify(body))
        const sent = (plain ? http : https).request(
          new URL(`${base}${path}`),
          {
            agent,
            method,
            ...(auth == null ? {} : { auth }),
            headers: {
              ...asUs,
              accept,
              // The server packs what is larger than 128 KiB, as it does for kubectl: a tenth of the bytes.
              ...(method === 'GET' ? { 'accept-encoding': 'gzip' } : {}),
              ...(content === null ? {} : { 'content-type': 'application/json', 'content-length': content.length }),
            },
            signal: ending ?? signal,
            timeout: method === 'POST' ? Math.max(timeoutMs, admissionMs) : timeoutMs,
            ...(agent === own ? {} : tls),
          },
          (response) => {
            const chunks: Buffer[] = []
            let length = 0
            const content = unpacked(response)
            content.on('data', (chunk: Buffer) => {
              chunks.push(chunk)
              length += chunk.length
              if (length <= limits.bytes) return
              sent.destroy(tooLarge(limits))
              content.destroy()
            })
            response.once('error', reject)
            content.once('error', reject)
            content.once('end', () => {
              // `end` also comes for an answer cut off at the end of a chunk.
              if (!response.complete) reject(Object.assign(new Error('the answer ended early'), { code: 'ECONNRESET' }))
              const after = Number(response.headers['retry-after'])
              resolve({
                status: response.statusCode ?? 0,
                retryAfterSeconds:
                  response.headers['retry-after'] !== undefined && Number.isFinite(after) ? after : null,
                body: Buffer.concat(chunks),
              })
            })
          },
        )
        const longestMs = Math.max(limits.ms, method === 'POST' ? admissionMs : 0)
        const timer = setTimeout(() => sent.destroy(tooSlow(longestMs)), longestMs)
        sent.once('close', () => {
          clearTimeout(timer)
        })
        sent.once('timeout', () => sent.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })))
        sent.once('error', reject)
        sent.end(content)
      }),
    connect: async (path, protocols) => {
      const { WebSocket } = await import('ws')
      return new WebSocket(`${base.replace(/^http/, 'ws')}${path}`, [...protocols], {
        ...tls,
        ...(agent === own || agent == null ? {} : { agent }),
        ...(auth == null ? {} : { auth }),
        headers: asUs as Record<string, string>,
        handshakeTimeout: timeoutMs,
        perMessageDeflate: false,
      })
    },
    close: () => {
      own.destroy()
    },
  }
}

/** What an answer holds, whether it was packed on its way or not. */
const unpacked = (response: http.IncomingMessage): Readable =>
  response.headers['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response

/** How the API server is asked to answer as somebody else (Kubernetes, "User impersonation"). */
const impersonating = ({ as }: ClusterOptions): http.OutgoingHttpHeaders =>
  as == null
    ? {}
    : { 'impersonate-user': as.user, ...(as.groups.length === 0 ? {} : { 'impersonate-group': [...as.groups] }) }

async function load(
  KubeConfigOf: new () => KubeConfig,
  { kubeconfigs, context }: ClusterOptions,
  signal: AbortSignal,
): Promise<KubeConfig> {
  const config = new KubeConfigOf()
  if (kubeconfigs.length === 0)
    await reading('The kubeconfig', signal, () => {
      config.loadFromDefault()
    })
  // kubectl's rule for several files: what is named first wins, and a file that is not there is left out.
  const there = kubeconfigs.length === 1 ? kubeconfigs : kubeconfigs.filter((file) => existsSync(file))
  for (const file of there) {
    const one = new KubeConfigOf()
    await reading(`The kubeconfig ${file}`, signal, async () => {
      one.loadFromString(await kubeconfigText(file, signal))
      one.makePathsAbsolute(path.dirname(file))
    })
    config.clusters = firstNamed([...config.clusters, ...one.clusters])
    config.users = firstNamed([...config.users, ...one.users])
    config.contexts = firstNamed([...config.contexts, ...one.contexts])
    if ((config.currentContext as string | undefined) === undefined) config.setCurrentContext(one.currentContext)
  }
  // With nothing configured the library falls back to http://localhost:8080, which is nobody's cluster.
  if (
    kubeconfigs.length === 0 &&
    config.currentContext === 'loaded-context' &&
    config.getCurrentCluster()?.server === 'http://localhost:8080'
  ) {
    throw new UserError(
      'There is no kubeconfig, and this is no pod of a cluster.',
      'Name one by --kubeconfig, or judge a bundle by --bundle.',
    )
  }
  if (context === null) return config
  const names = config.getContexts().map(({ name }) => name)
  if (!names.includes(context)) {
    throw new UserError(
      `The kubeconfig has no context ${JSON.stringify(context)}.`,
      didYouMean(context, names) ?? `It has: ${names.sort().join(', ') || 'none'}.`,
    )
  }
  config.setCurrentContext(context)
  return config
}

const firstNamed = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
  all.filter((one, index) => all.findIndex(({ name }) => name === one.name) === index)

async function reading(what: string, signal: AbortSignal, read: () => void | Promise<void>): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (error === signal.reason) throw error
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    const why = message.replace(/^Error: /, '').replace(/\.$/, '')
    throw new UserError(`${what} cannot be read: ${why}.`, 'Name another by --kubeconfig.', { cause: error })
  }
}
