import { record } from '../evidence/node/nft.ts'

/**
 * A rule of a native table as `nft list ruleset` would print it, from its expressions in nft's JSON. What is no such list (a rule's comment)
 * and expressions that are not known stay as they are. Source: libnftables-json(5), nft(8).
 */
export function nftRuleText(text: string): string {
  if (!text.startsWith('[{')) return text
  let expressions: unknown
  try {
    expressions = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
  return Array.isArray(expressions) ? expressions.map(statement).join(' ') : text
}

function statement(expression: unknown): string {
  const [kind, value] = Object.entries(record(expression))[0] ?? ['', null]
  const one = record(value)
  switch (kind) {
    case 'match': {
      const op = one.op === '==' || one.op === 'in' ? '' : `${word(one.op)} `
      return `${operand(one.left)} ${op}${operand(one.right)}`
    }
    case 'jump':
    case 'goto':
      return `${kind} ${word(one.target)}`
    case 'vmap':
      return `${operand(one.key)} vmap ${elements(one.data)}`
    case 'dnat':
    case 'snat': {
      // `addr . port to`: the two stand together in the values of a map.
      const both = JSON.stringify(one.addr ?? null).includes('"concat"') && one.port === undefined
      const address = one.addr === undefined ? '' : ` ${operand(one.addr)}`
      const to = both ? `${word(one.family)} addr . port to` : 'to'
      return `${kind} ${to}${address}${one.port === undefined ? '' : `:${operand(one.port)}`}`
    }
    case 'masquerade':
      return one.flags === undefined ? kind : `${kind} ${operand(one.flags)}`
    case 'mangle':
      return `${operand(one.key)} set ${operand(one.value)}`
    case 'reject':
      return one.type === undefined ? kind : `${kind} with ${word(one.type)} ${word(one.expr)}`
    case 'set':
      return `${word(one.op)} ${word(one.set)} { ${operand(one.elem)} }`
    case 'counter':
      return kind
    default:
      return value === null ? kind : JSON.stringify(expression)
  }
}

function operand(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (Array.isArray(value)) {
    return value.map(operand).join(',')
  }
  const [kind, inner] = Object.entries(record(value))[0] ?? ['', null]
  const one = record(inner)
  const parts = Array.isArray(inner) ? (inner as readonly unknown[]) : []
  switch (kind) {
    case 'payload':
      return `${word(one.protocol)} ${word(one.field)}`
    case 'meta':
      return one.key === 'l4proto' || one.key === 'nfproto' ? `meta ${one.key}` : word(one.key)
    case 'ct':
      return `ct ${word(one.key)}`
    case 'fib':
      return `fib ${operand(one.flags)} ${word(one.result)}`
    case 'numgen':
      return `numgen ${word(one.mode)} mod ${word(one.mod)}`
    case 'map':
      return `${operand(one.key)} map ${elements(one.data)}`
    case 'prefix':
      return `${word(one.addr)}/${word(one.len)}`
    case 'concat':
      return parts.map(operand).join(' . ')
    case 'range':
      return parts.map(operand).join('-')
    case 'set':
      return Array.isArray(inner) ? `{ ${parts.map(operand).join(', ')} }` : operand(inner)
    case '&':
    case '|':
    case '^':
      return parts
        .map((part) => (typeof part === 'number' ? `0x${part.toString(16)}` : operand(part)))
        .join(` ${kind} `)
    default:
      return JSON.stringify(value)
  }
}

/** The elements of a map: each key, and its value or what then happens. */
function elements(data: unknown): string {
  const { set } = record(data)
  if (!Array.isArray(set)) return operand(data)
  const pairs = (set as readonly unknown[]).map((pair) => {
    const [key, value] = Array.isArray(pair) ? (pair as readonly unknown[]) : [pair]
    return `${operand(key)} : ${isVerdict(value) ? statement(value) : operand(value)}`
  })
  return `{ ${pairs.join(', ')} }`
}

const isVerdict = (value: unknown): boolean =>
  ['jump', 'goto', 'accept', 'drop', 'return'].includes(Object.keys(record(value))[0] ?? '')

const word = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
