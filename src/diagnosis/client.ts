import type { Client } from '../evidence/question.ts'
import { UserError } from '../evidence/user-error.ts'
import { parseAddress } from '../net/address.ts'
import { parseCidr } from '../net/range.ts'

/** Reads WHO of `--client`. @throws UserError for a text that names no client. */
export function parseClient(text: string): Client {
  if (text === 'vpc' || text === 'internet') return { kind: text }
  const address = parseAddress(text)
  if (address !== null) return { kind: 'address', address }
  const cidr = parseCidr(text)
  if (cidr !== null) return { kind: 'cidr', cidr }
  const [kind, first, second, ...rest] = text.split('/')
  if (kind === 'node' && first && second === undefined) return { kind: 'node', name: first }
  if (kind === 'pod' && first && second && rest.length === 0) return { kind: 'pod', namespace: first, name: second }
  throw new UserError(
    `${JSON.stringify(text)} is no client.`,
    'A client is an address, a CIDR, vpc, internet, node/NAME, or pod/NAMESPACE/NAME.',
  )
}
