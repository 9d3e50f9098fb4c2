import { invisible, mayBeObeyed, visible } from '../net/visible.ts'
import type { Format } from './reporter.ts'

/** No name, path, id or flag comes near it; a text of evidence beyond it says nothing more to a reader. */
const longestWord = 1024
const longestText = 16_384
/** What nearly every text is. */
const plain = /^[ -~’“”…–]*$/
const longWord = new RegExp(`\\S{${longestWord + 1},}`, 'g')

/** A text of evidence for a reader: what a terminal would obey or hide is escaped, an over-long word is cut and its length said. */
export function shownText(text: string): string {
  if (text.length <= longestWord && plain.test(text) && !mayBeObeyed(text)) return text
  const cut = text.length > longestText ? `${text.slice(0, longestText)}… (${text.length} characters)` : text
  return visible(cut.length > longestWord ? cut.replace(longWord, shortened) : cut)
}

const shortened = (word: string): string => `${word.slice(0, 253)}… (${word.length} characters)`

/** The same data with every text in it as {@link shownText} has it. What needs no change is the same object. */
export function shown<T>(value: T): T {
  if (typeof value === 'string') return shownText(value) as T
  if (typeof value !== 'object' || value === null) return value
  return (Array.isArray(value) ? shownList(value) : shownObject(value)) as T
}

function shownList(list: readonly unknown[]): readonly unknown[] {
  let made: unknown[] | null = null
  for (let index = 0; index < list.length; index += 1) {
    const one = list[index]
    const visible = shown(one)
    if (visible !== one) made ??= [...list]
    if (made !== null) made[index] = visible
  }
  return made ?? list
}

/** Plain data only: a Map, a Date or a function among it is left as it is. */
function shownObject(value: object): object {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const members = value as Readonly<Record<string, unknown>>
  let made: [string, unknown][] | null = null
  let seen = 0
  // Not by Object.keys: nearly everything is left as it is, and of 10,000 VIPs that is a hundred million members.
  for (const key in members) {
    const [name, member] = [shownText(key), shown(members[key])]
    if (name !== key || member !== members[key]) made ??= Object.entries(members).slice(0, seen)
    made?.push([name, member])
    seen += 1
  }
  return made === null ? value : Object.fromEntries(made)
}

/** A format for readers: whatever of evidence it is given is shown as a reader may see it. The one place for all of them. */
export const forReaders = <T>(format: Format<T>): Format<T> => ({
  report: (setting) => {
    const { part = (one) => one, inOrder = false, diagnosis, whole } = format.report(setting)
    return {
      inOrder,
      diagnosis: (one) => diagnosis(shown(part(one))),
      whole: (answer, end) =>
        whole(
          { ...answer, gaps: shown(answer.gaps), account: shown(answer.account), fabric: shown(answer.fabric) },
          shown(end),
        ),
    }
  },
  failed: (failure, tool) => format.failed(shown(failure), tool),
})

/** A format of JSON: the data is as it was, and what a terminal would obey or hide stands as JSON's own escape. */
export const asJson = <T>(format: Format<T>): Format<T> => ({
  report: (setting) => {
    const { whole, ...others } = format.report(setting)
    return {
      ...others,
      whole: function* (answer, end) {
        for (const chunk of whole(answer, end)) yield jsonText(chunk)
      },
    }
  },
  failed: (failure, tool) => jsonText(format.failed(failure, tool)),
})

/** No line of JSON begins with `::`. */
const inJson = new RegExp(`(?!\\n)${invisible.source}|(?<=#)#(?=(?:vso|teamcity)?\\[)`, 'giu')

/** Printed JSON without what a terminal obeys or hides, or the runner of a pipeline obeys: between its tokens stand only blanks and line ends. */
export const jsonText = (json: string): string => json.replace(inJson, jsonEscape)

const jsonEscape = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
