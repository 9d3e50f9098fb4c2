import type { LabelSelector } from '../evidence/kubernetes/kinds.ts'

type Labels = Readonly<Record<string, string>> | undefined

/** Whether labels meet a selector; an empty selector meets everything, an operator that is not known meets nothing (apimachinery, labels.Requirement). */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value)
  return equal && (selector.matchExpressions ?? []).every((expression) => meets(expression, labels))
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function meets({ key = '', operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels?.[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

/** Whether one of several selectors is met; no selector at all chooses everything, as MetalLB reads its lists. */
export const anySelects = (selectors: readonly LabelSelector[] | undefined, labels: Labels): boolean =>
  selectors === undefined || selectors.length === 0 || selectors.some((selector) => selects(selector, labels))
