import type { Branch, Step } from './types.ts'

/** What one packet may still cost in one base chain, and the first jump that was not followed because it would have cost more. */
export interface Budget {
  rules: number
  jumps: number
  refused: Step | null
}

/*
 * The kernel walks a packet along one way, and a trace along all of them: chains that each jump twice to the next have more ways than can
 * be walked. Five times the rules, and twenty times the endpoints of a Service, of the largest rule sets that kube-proxy is known to write
 * (100,000 and 5,000); and more rules that apply on one way than any rule set that was seen has, by far.
 */
export const newBudget = (): Budget => ({ rules: 500_000, jumps: 100_000, refused: null })
const mostSteps = 2000

/** By base chain: the jump at which it was found to lead further than is followed. It is not walked again. */
const endless = new WeakMap<object, Step>()

/** The step at which a chain was given up before; null for one that came to an end. */
export const knownEndless = (chain: object): Step | null => endless.get(chain) ?? null

/** Remembers that a chain was given up, so that the next packet does not walk it again. */
export function rememberEndless(chain: object, { refused }: Budget): void {
  if (refused !== null) endless.set(chain, refused)
}

/** Null where a jump may be followed, else the step that says why it is not known where it leads. */
export function whyNotFollowed(budget: Budget, target: string, step: Step, { steps }: Branch): Step | null {
  budget.jumps -= 1
  if (budget.rules > 0 && budget.jumps > 0 && steps.length < mostSteps) return null
  budget.refused ??= {
    ...step,
    did: 'unknown',
    text: `by more ways than are followed to chain ${target}`,
    printed: step.printed ?? step.text,
  }
  return budget.refused
}
