import { isMacOfNobody, macStandIns } from './redact-macs.ts'
import { addressStandIns, isPublic } from './redact-addresses.ts'
import { parseAddress, bitsOf, type Address } from '../net/address.ts'
import { hostNames } from './redact-names.ts'

/** How many of what was replaced. */
export interface Replaced {
  readonly what: string
  readonly count: number
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const ipv4 = /(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?(?![\w]|\.\d)/g
const ipv6 = /(?<![\w:.])([0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?:\/(\d{1,3}))?(?![\w:])/g
const mac = /(?<![\w:])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:])/g
/** `ec2-52-17-3-9.compute-1.amazonaws.com`: an address spelt with dashes. */
const dashed = /(?<=ec2-)\d{1,3}(?:-\d{1,3}){3}(?=\.)/g
const account = /(?<=(?:"(?:\w*OwnerId|Account|UserId)": "|arn:aws[\w-]*:\w+:[\w-]*:))\d{12}(?!\d)/g

/**
 * Replaces in every file of a closed bundle what tells whose it is: account ids, public addresses, MACs, names of nodes and hosts. One thing
 * has one stand-in everywhere; order and membership in ranges are kept, so that the same things are wrong with the redacted bundle.
 */
export function redacted(files: ReadonlyMap<string, Uint8Array>): {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly replaced: readonly Replaced[]
} {
  const texts = new Map<string, string>()
  const left: string[] = []
  for (const [path, bytes] of files) {
    const text = textOf(bytes)
    if (text === null) left.push(path)
    else texts.set(path, text)
  }
  const all = [...texts.values()]

  const accounts = ranked(
    all.flatMap((text) => text.match(account) ?? []),
    (rank) => String(rank).padStart(12, '0'),
  )
  const names = hostNames(new Map([...files.keys()].map((path) => [path, texts.get(path) ?? ''])))
  const macs = macStandIns(all.flatMap((text) => text.match(mac) ?? []))
  const addresses = all.flatMap((text) => [...found(text, ipv4), ...found(text, ipv6)])
  const standIn = addressStandIns(addresses)

  const byName =
    names.size === 0
      ? null
      : new RegExp(
          `(?<![A-Za-z0-9])(?:${[...names.keys()]
            .sort((one, other) => other.length - one.length)
            .map(escaped)
            .join('|')})(?![A-Za-z0-9])`,
          'g',
        )
  const byAccount = accounts.size === 0 ? null : new RegExp(`(?<!\\d)(?:${[...accounts.keys()].join('|')})(?!\\d)`, 'g')
  const replace = (text: string): string => {
    let out = text
    if (byName !== null) out = out.replace(byName, (name) => names.get(name) ?? name)
    if (byAccount !== null) out = out.replace(byAccount, (id) => accounts.get(id) ?? id)
    out = out.replace(mac, (one) => macs.get(one.toLowerCase()) ?? one)
    for (const pattern of [ipv4, ipv6])
      out = out.replace(pattern, (whole, one: string, length?: string) => addressText(whole, one, length))
    return out.replace(dashed, (one) => addressText(one, one.replaceAll('-', '.'), undefined).replaceAll('.', '-'))
  }
  const addressText = (whole: string, one: string, length: string | undefined): string => {
    const prefix = prefixOf(one, length)
    if (prefix === null) return whole
    const linkLocal = macs.linkLocal(prefix)
    const other = linkLocal ?? (isPublic(prefix) ? standIn(prefix) : null)
    return other === null ? whole : `${other.text}${length === undefined ? '' : `/${length}`}`
  }

  const replaced = [
    { what: 'account ids', count: accounts.size },
    { what: 'public addresses', count: new Set(addresses.filter(isPublic).map(({ text }) => text)).size },
    { what: 'MACs', count: [...macs.keys()].filter((one) => !isMacOfNobody(one)).length },
    { what: 'names of nodes and hosts', count: names.size },
  ]
  const out = new Map<string, Uint8Array>()
  for (const [path, text] of texts) {
    if (path !== 'bundle.json') out.set(replace(path), Buffer.from(withoutCaller(path, replace(text))))
  }
  out.set(
    'bundle.json',
    manifest(texts.get('bundle.json') ?? '{}', replace, [...out.keys(), 'bundle.json'].sort(), { replaced, left }),
  )
  return { files: new Map([...out].sort(([one], [other]) => (one < other ? -1 : 1))), replaced }
}

/** A file that is no text (a capture) is not taken along, and its absence is said: nobody could promise what is in it. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

/** Each value once, sorted, and its rank as its stand-in: so order is kept. */
function ranked(values: readonly string[], standIn: (rank: number) => string): ReadonlyMap<string, string> {
  return new Map([...new Set(values)].sort().map((value, index) => [value, standIn(index + 1)]))
}

function prefixOf(text: string, length: string | undefined): (Address & { readonly length: number }) | null {
  const address = parseAddress(text)
  if (address === null) return null
  const bits = length === undefined ? bitsOf(address.family) : Number(length)
  return bits > bitsOf(address.family) ? null : { ...address, length: bits }
}

function found(text: string, pattern: RegExp): (Address & { readonly length: number })[] {
  return [...text.matchAll(pattern)]
    .flatMap(([, one = '', length]) => prefixOf(one, length) ?? [])
    .filter((one) => isPublic(one))
}

/** Who collected: the account stays as its stand-in, the user's or role's name and id go. */
function withoutCaller(path: string, text: string): string {
  if (path !== 'aws/caller-identity.json') return text
  return text
    .replace(/("UserId": ")[^"]*/, '$1redacted')
    .replace(/("Arn": "[^"]*?:)(?:user|assumed-role|role|federated-user)\/[^"]*/, '$1user/redacted')
}

function manifest(
  text: string,
  replace: (text: string) => string,
  files: readonly string[],
  { replaced, left }: { readonly replaced: readonly Replaced[]; readonly left: readonly string[] },
): Uint8Array {
  const parsed = JSON.parse(replace(text)) as { readonly gaps?: readonly object[] }
  const redaction = Object.fromEntries(replaced.map(({ what, count }) => [what, count]))
  const reason = 'not text (no valid UTF-8): left out by --redact'
  const gaps = [...(parsed.gaps ?? []), ...left.map((path) => ({ source: replace(path), reason }))]
  return Buffer.from(`${JSON.stringify({ ...parsed, redaction, gaps, files }, null, 2)}\n`)
}

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
