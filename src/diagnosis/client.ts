import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { objectName } from '../evidence/kubernetes/kinds.ts'
import type { Client, Question } from '../evidence/question.ts'
import { UserError } from '../evidence/user-error.ts'
import { parseAddress } from '../net/address.ts'
import { parseCidr } from '../net/range.ts'
import { inWords } from '../net/words.ts'

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

/** @throws UserError for a client that is a node or a pod, where the evidence lists them and has none of that name. */
export function requireClient({ kubernetes: { nodes, pods } }: Evidence, client: Client): void {
  if (client.kind === 'node') {
    const names = known(nodes)?.map(({ metadata }) => metadata?.name ?? '')
    if (names?.includes(client.name) === false)
      throw new UserError(`There is no node ${client.name}.`, `The nodes are ${inWords([...names].sort())}.`)
  }
  if (client.kind === 'pod') {
    const name = `${client.namespace}/${client.name}`
    if (known(pods)?.some((pod) => objectName(pod) === name) === false)
      throw new UserError(`There is no pod ${name}.`, 'kubectl get pods -A lists them.')
  }
}

/** Whether a packet can go from the client to the VIP at all: both have to be IPv4, or both IPv6. */
export function familiesMeet({ client, vip }: Question): boolean {
  const family =
    client.kind === 'address' ? client.address.family : client.kind === 'cidr' ? client.cidr.family : undefined
  return vip === null || family === undefined || vip.family === family
}
