import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createGzip, gzipSync } from 'node:zlib'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../../../src/evidence/kubernetes/kinds.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import type { Store } from '../../../src/evidence/store.ts'

// An HTTPS server that answers as a kube-apiserver does, out of a recorded bundle, and misbehaves where a test wants it to.

export type ApiFault =
  | 'never'
  | 'half'
  | 'reset'
  /** A byte now and then; bytes without end; a page that leads to itself; pages without end. */
  | 'trickle'
  | 'endless'
  | 'circle'
  | 'pages'
  /** Packed: bytes without end; one that ends early; one that is none. */
  | 'packed-endless'
  | 'packed-half'
  | 'packed-none'
  | { readonly body: string }
  | { readonly status: number; readonly retryAfter?: number; readonly times?: number }

export interface ApiServerOptions {
  readonly store: Store
  /** By the last part of the path (`services`), or `*`. */
  readonly faults?: Readonly<Record<string, ApiFault>>
  readonly pageSize?: number
  /** Lists whose second page has expired, so many times. */
  readonly expired?: Readonly<Record<string, number>>
  /** Groups without aggregated discovery, as before Kubernetes 1.26. */
  readonly old?: boolean
}

export interface ApiServer {
  readonly kubeconfig: string
  readonly folder: string
  readonly asked: string[]
  /** As whom it was asked to answer: `user: group, group`. */
  readonly impersonated: Set<string>
  readonly url: string
  readonly close: () => Promise<void>
}

type Item = Record<string, unknown>

const token = 'a-bearer-token'

/** A real server packs what is larger than 128 KiB; recordings are smaller. */
const packedFrom = 4096

/** Makes a certificate authority and a certificate for 127.0.0.1 in `folder`. */
export function certificates(
  folder: string,
  name: string,
): { readonly ca: string; readonly cert: string; readonly key: string } {
  const at = (file: string) => path.join(folder, `${name}-${file}`)
  const run = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'pipe' })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  run('req', '-x509', ...curve, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', `/CN=${name} CA`)
  run(
    'req',
    ...curve.slice(0, 4),
    '-nodes',
    '-keyout',
    at('tls.key'),
    '-out',
    at('tls.csr'),
    '-subj',
    '/CN=kube-apiserver',
  )
  writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1\n')
  run(
    'x509',
    '-req',
    '-in',
    at('tls.csr'),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('ext'),
    '-out',
    at('tls.crt'),
  )
  return { ca: at('ca.crt'), cert: at('tls.crt'), key: at('tls.key') }
}

export async function apiServer({
  store,
  faults = {},
  pageSize = Infinity,
  expired = {},
  old = false,
}: ApiServerOptions): Promise<ApiServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-api-'))
  const { ca, cert, key } = certificates(folder, 'test')
  const asked: string[] = []
  const impersonated = new Set<string>()
  const left = new Map(
    Object.entries(faults).map(([name, fault]) => [
      name,
      typeof fault === 'object' && 'times' in fault ? (fault.times ?? Infinity) : Infinity,
    ]),
  )
  const expiries = new Map(Object.entries(expired))
  const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1')
    const name = url.pathname.split('/').at(-1) ?? ''
    asked.push(`${url.pathname}${url.search}`)
    const { 'impersonate-user': user, 'impersonate-group': groups } = request.headers
    if (user !== undefined) impersonated.add(`${String(user)}: ${String(groups)}`)
    const send = (status: number, body: unknown, headers = {}) => {
      const text = JSON.stringify(body)
      const packs = request.headers['accept-encoding'] === 'gzip' && text.length > packedFrom
      response
        .writeHead(status, {
          'content-type': 'application/json',
          ...headers,
          ...(packs ? { 'content-encoding': 'gzip' } : {}),
        })
        .end(packs ? gzipSync(text, { level: 1 }) : text)
    }
    const status = (code: number, reason: string) => ({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message: `${reason}: said the server`,
      code,
    })
    if (request.method !== 'GET') throw new Error(`a collector sent ${request.method ?? ''}`)
    if (request.headers.authorization !== `Bearer ${token}`) {
      send(401, status(401, 'Unauthorized'))
      return
    }
    const faulty = name in faults ? name : '*'
    const fault = faults[faulty]
    if (fault !== undefined && (left.get(faulty) ?? 0) > 0) {
      left.set(faulty, (left.get(faulty) ?? 0) - 1)
      if (fault === 'never') return
      if (fault === 'reset') return request.socket.destroy()
      if (fault === 'half') {
        response.writeHead(200, { 'content-length': '5000' }).write('{"kind":"List","items":[{"metadata"')
        return setTimeout(() => request.socket.destroy(), 20)
      }
      if (fault === 'trickle') {
        response.writeHead(200, { 'content-type': 'application/json' })
        const drip = setInterval(() => response.write(' '), 50)
        return response.once('close', () => {
          clearInterval(drip)
        })
      }
      if (fault === 'endless') {
        const chunk = Buffer.alloc(1 << 16, ' ')
        const pour = (): void => {
          while (response.write(chunk));
        }
        response.on('drain', pour).writeHead(200)
        pour()
        return
      }
      if (fault === 'packed-endless') {
        const packer = createGzip({ level: 1 })
        packer.pipe(response.writeHead(200, { 'content-encoding': 'gzip' }))
        const chunk = Buffer.alloc(1 << 16, ' ')
        const pour = (): void => {
          while (packer.write(chunk));
        }
        packer.on('drain', pour)
        response.once('close', () => packer.destroy())
        pour()
        return
      }
      if (fault === 'packed-half' || fault === 'packed-none')
        return response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(fault === 'packed-none' ? '{"items":[]}' : gzipSync('{"items":[]}'.padEnd(5000)).subarray(0, 20))
      if (fault === 'circle' || fault === 'pages') {
        send(200, { items: [], metadata: { continue: fault === 'circle' ? 'again' : String(asked.length) } })
        return
      }
      if ('body' in fault) return response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body)
      send(
        fault.status,
        status(fault.status, 'Failure'),
        fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) },
      )
      return
    }
    if (url.pathname === '/version') {
      send(200, (json(store, 'kubernetes/version.json') as Item).serverVersion)
      return
    }
    if (url.pathname === '/apis') {
      send(200, old ? groupList(store) : aggregated(store))
      return
    }
    const version = /^\/apis\/([^/]+)\/([^/]+)$/.exec(url.pathname)
    if (version !== null) {
      send(200, {
        kind: 'APIResourceList',
        resources: resourcesOf(store, version[1] ?? '', version[2] ?? '').map((resource) => ({ name: resource })),
      })
      return
    }
    const group = url.pathname.startsWith('/apis/') ? (url.pathname.split('/')[2] ?? '') : ''
    const items = (
      json(store, `kubernetes/${name}${group === '' ? '' : `.${group}`}.json`) as { items?: Item[] } | null
    )?.items
    if (items === undefined) {
      send(404, status(404, 'NotFound'))
      return
    }
    const from = Number(url.searchParams.get('continue') ?? '0')
    if (from > 0 && (expiries.get(name) ?? 0) > 0) {
      expiries.set(name, (expiries.get(name) ?? 0) - 1)
      send(410, status(410, 'Expired'))
      return
    }
    const size = url.searchParams.has('limit') ? Math.min(Number(url.searchParams.get('limit')), pageSize) : Infinity
    const page = items.slice(from, from + size)
    // A list's items carry neither apiVersion nor kind, and managed fields that nobody wants.
    const bare = page.map((item) => {
      const rest = Object.fromEntries(Object.entries(item).filter(([key]) => key !== 'apiVersion' && key !== 'kind'))
      return {
        ...rest,
        metadata: {
          ...(rest.metadata as Item),
          managedFields: [{ manager: 'kubelet', fieldsV1: { 'f:status': {} } }],
        },
      }
    })
    send(200, {
      kind: 'List',
      items: bare.length === 0 ? null : bare,
      metadata: { resourceVersion: '1', ...(from + size < items.length ? { continue: String(from + size) } : {}) },
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const kubeconfig = path.join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigText(url, ca, token))
  return {
    kubeconfig,
    folder,
    asked,
    impersonated,
    url,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          rmSync(folder, { recursive: true })
          resolve()
        })
      }),
  }
}

export function kubeconfigText(server: string, ca: string, bearer: string, name = 'test'): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    `current-context: ${name}`,
    `clusters: [{name: ${name}, cluster: {server: "${server}", certificate-authority: "${ca}"}}]`,
    `users: [{name: ${name}, user: {token: "${bearer}"}}]`,
    `contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}}}]`,
    '',
  ].join('\n')
}

function json(store: Store, file: string): unknown {
  const bytes = store.read(file)
  return isGap(bytes) ? null : JSON.parse(Buffer.from(bytes).toString())
}

/** The versions of custom resources that a recording holds, by group. */
function served(store: Store): Map<string, Map<string, string[]>> {
  const groups = new Map<string, Map<string, string[]>>()
  for (const name of Object.keys(kubernetesKinds) as KubernetesKindName[]) {
    const { group, plural, custom } = kubernetesKinds[name]
    const list = json(store, kubernetesFile(name)) as { items?: { apiVersion?: string }[] } | null
    if (!custom || list === null) continue
    const version = list.items?.[0]?.apiVersion?.split('/')[1] ?? 'v1beta1'
    const versions = groups.get(group) ?? new Map<string, string[]>()
    groups.set(group, versions.set(version, [...(versions.get(version) ?? []), plural]))
  }
  return groups
}

const resourcesOf = (store: Store, group: string, version: string): string[] =>
  served(store).get(group)?.get(version) ?? []

const aggregated = (store: Store) => ({
  kind: 'APIGroupDiscoveryList',
  items: [...served(store)].map(([name, versions]) => ({
    metadata: { name },
    versions: [...versions].map(([version, plurals]) => ({
      version,
      resources: plurals.map((resource) => ({ resource })),
    })),
  })),
})

const groupList = (store: Store) => ({
  kind: 'APIGroupList',
  groups: [...served(store)].map(([name, versions]) => {
    const all = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }))
    return { name, versions: all, preferredVersion: all[0] }
  }),
})
