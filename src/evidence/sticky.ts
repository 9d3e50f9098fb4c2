/** Behind what a sticky expression matches at a place; the place itself where it matches nothing. */
export function behind(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}
