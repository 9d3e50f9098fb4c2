/** Behind what a sticky expression matches at a place; the place itself where it matches nothing. */
export function behind(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}

/** Of a run of characters so many are matched at once: V8 keeps a place to go back to for each, and has room for some millions. */
const longest = 65_535

/** Characters of a class (`[…]`) one behind the other, as many as there are: for {@link behindRun}. */
export const run = (characters: string): RegExp => new RegExp(`${characters}{1,${String(longest)}}`, 'y')

/** Behind a run of characters at a place; the place itself where none stands there. */
export function behindRun(expression: RegExp, text: string, at: number): number {
  for (let place = at; ;) {
    const next = behind(expression, text, place)
    if (next - place < longest) return next
    place = next
  }
}
