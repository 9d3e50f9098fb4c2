import { parseAddress } from './address.ts'
import { parseCidr, rangeHas } from './range.ts'

/** Which proxy a request goes through; null: none. */
export type ProxyFor = (url: string) => string | null

/**
 * The proxy of the environment for a URL, by the rules of kubectl (golang.org/x/net/http/httpproxy): `HTTPS_PROXY` or `HTTP_PROXY` by the
 * URL's scheme, in small letters too, unless the host is this machine or stands in `NO_PROXY`. A proxy without a scheme is an HTTP proxy.
 */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxyFor {
  const of = (name: string): string => (env[name] ?? '') || (env[name.toLowerCase()] ?? '')
  return (url) => {
    const { protocol, hostname, port } = new URL(url)
    const proxy = of(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
    if (proxy === '' || isOwn(hostname)) return null
    const to = { host: bare(hostname), port: port === '' ? (protocol === 'https:' ? '443' : '80') : port }
    if (
      of('NO_PROXY')
        .split(',')
        .some((entry) => exempts(entry.trim().toLowerCase(), to))
    )
      return null
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').toLowerCase()

const isOwn = (hostname: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/.test(bare(hostname))

/** `*`, an address, a range, a domain with all below it, `.domain` for those below it alone; the second and the last two perhaps with a port. */
function exempts(entry: string, { host, port }: { readonly host: string; readonly port: string }): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  const address = parseAddress(host)
  const range = parseCidr(entry)
  if (range !== null) return address !== null && rangeHas(range, address)
  const [, bracketed, plain, asked = null] = /^(?:\[([^\]]+)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? []
  if (asked !== null && asked !== port) return false
  const name = (bracketed ?? plain ?? '').replace(/^\*\./, '.')
  if (parseAddress(name) !== null) return address !== null && parseAddress(name)?.value === address.value
  if (address !== null) return false
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`)
}
