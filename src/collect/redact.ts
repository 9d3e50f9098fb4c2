import { isMacOfNobody, macsIn, macStandIns } from './redact-macs.ts'
import { addressStandIns, isPublic } from './redact-addresses.ts'
import { addressOf, parseAddress, bitsOf, type Address } from '../net/address.ts'
import { hostNames } from './redact-names.ts'

/** How many of what was replaced. */
export interface Replaced {
  readonly what: string
  readonly count: number
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const ipv4 = /(?<!\w|\d\.)(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?(?![\w]|\.\d)/g
const ipv6 = /(?<![\w:.])([0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?:\/(\d{1,3}))?(?![\w:])/g
/** `ec2-52-17-3-9.compute-1.amazonaws.com`, `52-17-3-9.sslip.io`, `2600-1f18--5.sslip.io`: addresses spelt with dashes. */
const dashed4 = /(?:(?<=ec2-)|(?<!\d|\d-))\d{1,3}(?:-\d{1,3}){3}(?!-?\d)/g
const dashed6 = /(?<![0-9A-Za-z-])[0-9a-fA-F]{1,4}(?:-[0-9a-fA-F]{0,4}){2,7}(?![0-9A-Za-z-])/g
/** Eight digits: as /proc/net/ip_vs writes an address (with its port behind), and the kernel elsewhere, its bytes in either order. */
const hex = /(?:(?<=\b0x)|(?<![0-9A-Za-z]))[0-9a-fA-F]{8}(?![0-9A-Za-z])/g
const inIpvs = /(?<![0-9A-Za-z])[0-9A-F]{8}(?=:[0-9A-F]{4}(?![0-9A-Za-z]))/g
const account =
  /(?<=(?:"(?:\w*OwnerId|Account|UserId)": "|arn:aws[\w-]*:[\w-]+:[\w-]*:))\d{12}(?!\d)|(?<!\d)\d{12}(?=\.dkr[.-])/g
const instance = /(?<![\w-])i-(?:[0-9a-f]{17}|[0-9a-f]{8})(?!\w)/g

/**
 * Replaces in every file of a closed bundle what tells whose it is: account ids, instance ids, public addresses, MACs, names of nodes and hosts. One thing
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
  const written = all.flatMap((text) => [...found(text, ipv4), ...found(text, ipv6)])
  const macs = macStandIns(all.flatMap((text) => macsIn(text, found(text, ipv6))))
  const addresses = [...written, ...all.flatMap(otherwiseWritten)].filter(isPublic)
  const standIn = addressStandIns(addresses)
  const known = new Set(addresses.map(({ text }) => text))
  const instances = ranked(
    all.flatMap((text) => text.match(instance) ?? []),
    (rank, id) => `i-${rank.toString(16).padStart(id.length - 2, '0')}`,
  )

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
    out = macs.replaceIn(out).replace(instance, (id) => instances.get(id) ?? id)
    for (const pattern of [ipv4, ipv6])
      out = out.replace(pattern, (whole, one: string, length?: string) => addressText(whole, one, length))
    out = out.replace(dashed4, (one) => addressText(one, one.replaceAll('-', '.'), undefined).replaceAll('.', '-'))
    out = out.replace(dashed6, (one) => addressText(one, one.replaceAll('-', ':'), undefined).replaceAll(':', '-'))
    return out.replace(hex, hexText)
  }
  const addressText = (whole: string, one: string, length: string | undefined): string => {
    const prefix = prefixOf(one, length)
    if (prefix === null) return whole
    const other = isPublic(prefix) ? standIn(prefix) : macs.ofAddress(prefix)
    return other === null ? whole : `${other.text}${length === undefined ? '' : `/${length}`}`
  }
  /** Only of an address that the bundle names: any other eight digits are a number. */
  const hexText = (digits: string): string => {
    for (const turn of [(text: string) => text, turned]) {
      const address = ofHex(turn(digits))
      if (known.has(address.text)) return inCaseOf(digits, turn(hexOf(standIn({ ...address, length: 32 }))))
    }
    return digits
  }

  const replaced = [
    { what: 'account ids', count: accounts.size },
    { what: 'instance ids', count: instances.size },
    { what: 'public addresses', count: known.size },
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
function ranked(
  values: readonly string[],
  standIn: (rank: number, value: string) => string,
): ReadonlyMap<string, string> {
  return new Map([...new Set(values)].sort().map((value, index) => [value, standIn(index + 1, value)]))
}

const ofHex = (digits: string): Address => addressOf(4, BigInt(`0x${digits}`))
const hexOf = ({ value }: Address): string => value.toString(16).padStart(8, '0')
const turned = (digits: string): string => (digits.match(/../g) ?? []).reverse().join('')
const inCaseOf = (like: string, text: string): string => (/[A-F]/.test(like) ? text.toUpperCase() : text)

/** The addresses that a text writes with dashes, or as IPVS does. */
const otherwiseWritten = (text: string): (Address & { readonly length: number })[] => [
  ...[...text.matchAll(dashed4)].flatMap(([one]) => prefixOf(one.replaceAll('-', '.'), undefined) ?? []),
  ...[...text.matchAll(dashed6)].flatMap(([one]) => prefixOf(one.replaceAll('-', ':'), undefined) ?? []),
  ...[...text.matchAll(inIpvs)].map(([digits]) => ({ ...ofHex(digits), length: 32 })),
]

function prefixOf(text: string, length: string | undefined): (Address & { readonly length: number }) | null {
  const address = parseAddress(text)
  if (address === null) return null
  const bits = length === undefined ? bitsOf(address.family) : Number(length)
  return bits > bitsOf(address.family) ? null : { ...address, length: bits }
}

function found(text: string, pattern: RegExp): (Address & { readonly length: number })[] {
  return [...text.matchAll(pattern)].flatMap(([, one = '', length]) => prefixOf(one, length) ?? [])
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
