import { html } from '../escape.ts'

/** HTML that this program wrote. Only {@link h} and {@link own} make it, so a text from evidence can never be taken for it. */
export class Markup {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}

type Value = string | number | Markup | readonly Markup[] | null

/** HTML with values in it: markup stays markup, everything else is escaped. Attributes stand in double quotes. */
export const h = (strings: TemplateStringsArray, ...values: readonly Value[]): Markup =>
  new Markup(strings.map((text, index) => `${text}${valueText(values[index] ?? null)}`).join(''))

function valueText(value: Value): string {
  if (value === null) return ''
  if (value instanceof Markup) return value.toString()
  if (typeof value === 'object') return value.join('')
  return html(String(value))
}

/** A constant of this program: a style sheet, a script. */
export const own = (text: string): Markup => new Markup(text)

/** Markup where there is nothing to show. */
export const nothing = own('')
