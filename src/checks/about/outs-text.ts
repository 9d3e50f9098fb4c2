import { inWords } from '../../net/words.ts'

/** `a and b have no speaker; c carries the label …`: the nodes that fall out, by reason. */
export function outsText(funnel: readonly { readonly node: string; readonly out: string | null }[]): string {
  const reasons = new Map<string, string[]>()
  for (const { node, out } of funnel) if (out !== null) reasons.set(out, [...(reasons.get(out) ?? []), node])
  return [...reasons]
    .map(([reason, nodes]) => {
      const plural = reason
        .replace(/^has /, 'have ')
        .replace(/^is /, 'are ')
        .replace(/^finds /, 'find ')
        .replace(/^carries /, 'carry ')
        .replace(/of its own$/, 'of their own')
      return `${inWords(nodes)} ${nodes.length === 1 ? reason : plural}`
    })
    .join('; ')
}
