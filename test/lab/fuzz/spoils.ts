import fc from 'fast-check'
import { fraction, mutated, mutations, repeated, type Mutation } from './mutations.ts'

/** How one file of a bundle is spoilt. `file` and `other` are fractions of the list of files, `place` of what is in it. */
export type Spoil =
  | { readonly kind: 'drop'; readonly file: number }
  | { readonly kind: 'cut'; readonly file: number; readonly place: number }
  | { readonly kind: 'swap'; readonly file: number; readonly other: number }
  | { readonly kind: 'bytes'; readonly file: number; readonly mutation: Mutation }
  | { readonly kind: 'item'; readonly file: number; readonly place: number; readonly by: string }

/** What takes evidence away and adds none. */
export const takesAway = ({ kind }: Spoil): boolean => kind === 'drop' || kind === 'cut'

const deep = '['.repeat(5000) + ']'.repeat(5000)

/** What may stand where an item or a value stood: of another type, out of every range, or not to be shown as it is. `gone` and `twice` are no text. */
const others = fc.oneof(
  fc.constantFrom('gone', 'twice'),
  fc.constantFrom('null', '{}', '[]', '[null]', 'true', '0', '-1.5', '1e400', '99999999999999999999', '""', deep),
  fc
    .constantFrom(
      ...[
        '\u001B[2J\u0007',
        '\u202E\u200B',
        '-o ProxyCommand=x',
        "';touch /tmp/x;$(id)#",
        '10.0.0.1/99',
        '::ffff:1.2.3.4',
      ],
      ...['255.255.255.255', '__proto__', 'constructor', 'x'.repeat(100_000), '\n', '%s', '../../etc/passwd', 'a/b'],
    )
    .map((text) => JSON.stringify(text)),
  repeated.map(([text, times]) => JSON.stringify(text.repeat(times))),
  fc.json({ maxDepth: 2 }),
)

const spoil: fc.Arbitrary<Spoil> = fc.oneof(
  fraction.map((file): Spoil => ({ kind: 'drop', file })),
  fc.tuple(fraction, fraction).map(([file, place]): Spoil => ({ kind: 'cut', file, place })),
  fc.tuple(fraction, fraction).map(([file, other]): Spoil => ({ kind: 'swap', file, other })),
  fc.tuple(fraction, mutations).map(([file, mutation]): Spoil => ({ kind: 'bytes', file, mutation })),
  {
    weight: 4,
    arbitrary: fc
      .tuple(fraction, fraction, others)
      .map(([file, place, by]): Spoil => ({ kind: 'item', file, place, by })),
  },
)

/** One to four spoils, or up to sixteen files that are taken away. */
export const spoils: fc.Arbitrary<readonly Spoil[]> = fc.oneof(
  { weight: 3, arbitrary: fc.array(spoil, { minLength: 1, maxLength: 4 }) },
  fc.array(spoil.filter(takesAway), { minLength: 1, maxLength: 16 }),
)

export type Files = ReadonlyMap<string, Uint8Array>

/** The files of a bundle after they were spoilt, one spoil behind the other. */
export function spoilt(files: Files, all: readonly Spoil[]): Files {
  const names = [...files.keys()]
  const result = new Map(files)
  for (const one of all) {
    const name = at(names, one.file)
    const bytes = result.get(name)
    if (bytes === undefined) continue
    if (one.kind === 'drop') result.delete(name)
    else if (one.kind === 'cut') result.set(name, bytes.slice(0, Math.floor(bytes.length * one.place)))
    else if (one.kind === 'bytes') result.set(name, mutated(bytes, one.mutation))
    else if (one.kind === 'item') result.set(name, Buffer.from(withOther(Buffer.from(bytes).toString(), one)))
    else {
      const other = at(names, one.other)
      result.set(name, result.get(other) ?? bytes)
      result.set(other, bytes)
    }
  }
  return result
}

const at = (names: readonly string[], part: number): string => names[Math.floor(part * names.length)] ?? ''

type Item = Extract<Spoil, { readonly kind: 'item' }>

/** A value anywhere in a JSON text, or a word of a line of any other, gone, there twice, or another. */
function withOther(text: string, item: Item): string {
  try {
    return withOtherValue(JSON.parse(text), item)
  } catch {
    return withOtherLine(text, item) // no JSON, or an earlier spoil made it too deep to be written again
  }
}

function withOtherValue(json: unknown, { place, by }: Item): string {
  const places = placesIn(json)
  const found = places[Math.floor(place * places.length)]
  if (found === undefined) return by
  const { holder, key } = found
  if (by === 'twice' && Array.isArray(holder)) holder.push(holder[Number(key)])
  else if (by === 'gone' && Array.isArray(holder)) holder.splice(Number(key), 1)
  else if (by === 'gone') Reflect.deleteProperty(holder, key)
  else if (by !== 'twice')
    Object.defineProperty(holder, key, { value: stand, enumerable: true, configurable: true, writable: true })
  return JSON.stringify(json).replace(`"${stand}"`, () => by)
}

const stand = 'stands-for-what-is-put-here'

interface Place {
  readonly holder: object
  readonly key: string
}

function placesIn(json: unknown): readonly Place[] {
  const places: Place[] = []
  const open = [json]
  while (open.length > 0) {
    const holder = open.pop()
    if (typeof holder !== 'object' || holder === null) continue
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder, key })
      open.push(value)
    }
  }
  return places
}

function withOtherLine(text: string, { place, by }: Item): string {
  const lines = text.split('\n')
  const index = Math.floor(place * lines.length)
  const line = lines[index] ?? ''
  const instead = by === 'gone' ? [] : by === 'twice' ? [line, line] : [otherWord(line, place, by)]
  return lines.toSpliced(index, 1, ...instead).join('\n')
}

/** A line with another word in the place of one of its own. */
function otherWord(line: string, place: number, by: string): string {
  const words = line.split(' ')
  return words
    .toSpliced(Math.floor(place * 997) % words.length, 1, by.replace(/^"(.*)"$/, '$1').slice(0, 1000))
    .join(' ')
}
