import fc from 'fast-check'

/** How bytes are spoilt. Places are fractions of the length, so that one mutation fits every file. */
export type Mutation =
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'flip'; readonly flips: readonly (readonly [at: number, bits: number])[] }
  | { readonly kind: 'lose' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'stretch'; readonly at: number; readonly text: string; readonly times: number }
  | { readonly kind: 'other'; readonly bytes: Uint8Array }

/** Between 0 and 1, and everywhere alike: `fc.double` means the exponents, so nearly all that it gives is next to nothing. */
export const fraction = fc.noBias(fc.nat(1_000_000)).map((part) => part / 1_000_001)
const place = fraction
const length = fc.integer({ min: 1, max: 400 })

/** Pieces that parsers look for, where they are least expected. */
const pieces = fc.constantFrom(
  ...[
    '\n',
    '\0',
    '"',
    '\\',
    '{',
    ']',
    '-A ',
    ':',
    '*nat\n',
    'COMMIT\n',
    '[',
    '!',
    ' -j ',
    '-g X',
    '/',
    ',',
    '%',
    '\u2028',
    '-',
  ],
  ...['NaN', '-1', '1e999', '99999999999999999999', 'null', '[]', '{}', '0x', '::', '1.2.3.4/99', '__proto__', 'true'],
)

/** What stands somewhere many times over takes for ever where a pattern can take it in several ways. */
export const repeated = fc.tuple(
  fc.constantFrom(
    ...[
      '\n',
      ' ',
      '\t',
      ' \n',
      '\r\n',
      'a',
      '0',
      '1.',
      ':',
      'a:',
      '-',
      ',',
      '/',
      '"',
      '\\',
      '[',
      '(',
      '{',
      '#',
      '# \n',
      'x=',
      '=',
    ],
    ...[
      ' a',
      '- ',
      'a\n',
      '10.0.0.1,',
      '::',
      '0:',
      '*',
      '!',
      ' -',
      ' "',
      '---\n',
      '>\n',
      '|\n',
      '<0\n',
      '\u200b',
      '%',
      '<',
      '&',
      "'",
    ],
  ),
  fc.constantFrom(10, 50, 200, 1000, 10_000),
)

/** Cuts, flipped bits, lost and repeated stretches, pieces put in, once and many times, and something else altogether. */
export const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  place.map((at): Mutation => ({ kind: 'cut', at })),
  fc
    .array(fc.tuple(place, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 8 })
    .map((flips): Mutation => ({ kind: 'flip', flips })),
  fc.tuple(place, length).map(([at, many]): Mutation => ({ kind: 'lose', at, length: many })),
  fc.tuple(place, length).map(([at, many]): Mutation => ({ kind: 'repeat', at, length: many })),
  fc.tuple(place, fc.oneof(pieces, fc.string())).map(([at, text]): Mutation => ({ kind: 'insert', at, text })),
  fc.tuple(place, repeated).map(([at, [text, times]]): Mutation => ({ kind: 'stretch', at, text, times })),
  fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.array(pieces).map((list) => list.join('')),
    )
    .map((text): Mutation => ({ kind: 'other', bytes: Buffer.from(text) })),
  fc.uint8Array({ maxLength: 200 }).map((bytes): Mutation => ({ kind: 'other', bytes })),
)

/** The bytes after a mutation. */
export function mutated(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  const index = (at: number) => Math.min(Math.floor(at * bytes.length), bytes.length)
  switch (mutation.kind) {
    case 'cut':
      return bytes.slice(0, index(mutation.at))
    case 'flip': {
      const copy = new Uint8Array(bytes) // slice() of a Buffer is a view
      for (const [at, bits] of mutation.flips) copy[index(at)] = (copy[index(at)] ?? 0) ^ bits
      return copy
    }
    case 'lose':
    case 'repeat': {
      const at = index(mutation.at)
      const rest = mutation.kind === 'lose' ? at + mutation.length : Math.max(at - mutation.length, 0)
      return Buffer.concat([bytes.slice(0, at), bytes.slice(rest)])
    }
    case 'insert': {
      const at = index(mutation.at)
      return Buffer.concat([bytes.slice(0, at), Buffer.from(mutation.text), bytes.slice(at)])
    }
    case 'stretch': {
      const at = index(mutation.at)
      return Buffer.concat([bytes.slice(0, at), Buffer.from(mutation.text.repeat(mutation.times)), bytes.slice(at)])
    }
    case 'other':
      return mutation.bytes
  }
}
