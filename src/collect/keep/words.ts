import { readFlags, readWords } from './names.ts'
import { masked, withoutCredentials } from './text.ts'

/**
 * A command line of which only the program, the names of flags, and the values of flags that a check reads are kept. A word that follows a
 * flag which is not read is its value, or the value of none: masked either way. `program` says that the first word is the program's path.
 */
export function keptWords(words: readonly string[], program: boolean): string[] {
  let flag: string | null = null
  return words.map((word, at) => {
    if (at === 0 && program && /^[\w./@:+-]+$/.test(word)) return word
    const [, dashes, name, value] = /^(--?)([A-Za-z][\w.-]*)(?:=([^]*))?$/.exec(word) ?? []
    if (dashes !== undefined && name !== undefined) {
      flag = value === undefined ? name : null
      // -pSECRET, as mysql and others take it, is a flag of one letter with its value.
      if (dashes === '-' && value === undefined && !readFlags.has(name))
        return word.length === 2 ? word : `-${name.charAt(0)}${masked}`
      return value === undefined ? word : `${dashes}${name}=${readFlags.has(name) ? withoutCredentials(value) : masked}`
    }
    const before = flag
    flag = null
    if (before !== null) return readFlags.has(before) ? withoutCredentials(word) : masked
    return readWords.has(word) ? word : masked
  })
}
