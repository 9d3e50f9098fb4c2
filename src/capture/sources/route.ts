import { execFileSync } from 'node:child_process'
import { parseAddress, type Address, type Family } from '../../net/address.ts'

/** What iproute2 prints of a route; `gateway` is absent where the destination is on the link. */
export interface Route {
  readonly dst?: string
  readonly dev?: string
  readonly gateway?: string
}

/** What `ip route` of this host says; nothing where there is no iproute2, or no such route. */
export function routesHere(asked: readonly string[], family: Family = 4): readonly Route[] {
  try {
    const flags = family === 6 ? ['-6', '-j'] : ['-j']
    const text = execFileSync('ip', [...flags, 'route', ...asked], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return JSON.parse(text) as Route[]
  } catch {
    return []
  }
}

/** The interface of this host in whose subnet an address lies, also where the address is its own; null where none is. */
export function linkOf({ text, family }: Address): string | null {
  const onLink = routesHere(['show', 'match', text], family).flatMap(({ dst = '', dev, gateway }) => {
    const prefix = Number(dst.split('/')[1])
    return dev === undefined || gateway !== undefined || Number.isNaN(prefix) ? [] : [{ dev, prefix }]
  })
  return onLink.sort((one, other) => other.prefix - one.prefix)[0]?.dev ?? null
}

/** The gateway on an interface; null without one. */
export function gatewayOn(interfaceName: string, family: Family): Address | null {
  const found = routesHere(['show', 'default', 'dev', interfaceName], family).find(
    ({ gateway }) => gateway !== undefined,
  )
  return parseAddress(found?.gateway)
}
