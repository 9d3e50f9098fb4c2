/** `a, b and c`; a long list is cut and counted. */
export function inWords(names: readonly string[], most = 8): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${String(names.length - most + 1)} more`] : names
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`
}

/** `1 node`, `2 nodes`: a number and what it counts. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${String(count)} ${count === 1 ? noun : plural}`

/** A phrase at the start of a sentence: `the controller` becomes `The controller`, a name keeps its letters. */
export const startOf = (phrase: string): string =>
  /^(?:an?|the)\b/.test(phrase) ? phrase.charAt(0).toUpperCase() + phrase.slice(1) : phrase
