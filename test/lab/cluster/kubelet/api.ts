import { readFileSync } from 'node:fs'
import https from 'node:https'

/** An object of the API, as far as the played kubelet looks into it. */
type Item = Readonly<Record<string, unknown>>

export class ApiError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Api {
  readonly get: (path: string) => Promise<Item>
  readonly post: (path: string, body: unknown) => Promise<Item>
  /** A strategic merge patch, which kubelet uses for statuses. */
  readonly patch: (path: string, body: unknown) => Promise<Item>
  readonly put: (path: string, body: unknown) => Promise<Item>
  readonly delete: (path: string, body: unknown) => Promise<Item>
}

/** Asks one API server with one bearer token. @throws ApiError where it refuses. */
export function connect(server: string, certificate: string, token: string): Api {
  const agent = new https.Agent({ keepAlive: true, ca: readFileSync(certificate) })
  const ask = (method: string, type: string) => (path: string, body?: unknown) =>
    new Promise<Item>((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      // Node says no length of the body of a DELETE by itself, and the server then reads none.
      const length = { 'content-length': Buffer.byteLength(text) }
      const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'user-agent': 'kubelet', ...length }
      const request = https.request(`${server}${path}`, { method, agent, headers, timeout: 5000 }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => {
          const answer = Buffer.concat(parts).toString()
          const status = response.statusCode ?? 0
          if (status < 300) resolve(JSON.parse(answer) as Item)
          else reject(new ApiError(status, answer.slice(0, 300)))
        })
      })
      request.on('timeout', () => request.destroy(new Error('timeout')))
      request.on('error', reject)
      request.end(text)
    })
  return {
    get: ask('GET', 'application/json'),
    post: ask('POST', 'application/json'),
    put: ask('PUT', 'application/json'),
    patch: ask('PATCH', 'application/strategic-merge-patch+json'),
    delete: ask('DELETE', 'application/json'),
  }
}
