import type { NftChain, NftTable } from '../../evidence/node/nft.ts'
import { next, type Decision } from './branch.ts'
import type { Budget } from './budget.ts'
import { withStep } from './iptables.ts'
import type { Branch, Step } from './types.ts'
import type { World } from './world.ts'

/** One base chain of a native nftables table. */
export interface NativeChain {
  readonly file: string
  readonly table: NftTable
  readonly chain: NftChain
  readonly world: World
}

/** The same while one packet is walked through it. */
export interface NativeWalk extends NativeChain {
  readonly budget: Budget
}

type Left = { readonly kind: 'fell' | 'returned' } | { readonly kind: 'decided'; readonly decision: Decision }

/** A branch that left a chain, or a rule. */
export interface Walked {
  readonly branch: Branch
  readonly left: Left
}

/** What one statement does to a branch: it goes on in its rule, or leaves the rule, or was decided. */
export type Stated = Walked | { readonly branch: Branch; readonly left: { readonly kind: 'on' } }

/** A statement that is not known may drop the packet, accept it, end its rule, or do nothing: all of them, in doubt. */
export function anyEnd(branch: Branch, step: Step): readonly Stated[] {
  const noted = withStep({ ...branch, doubt: branch.doubt ?? step, probability: branch.probability / 4 }, step)
  const drop: Decision = { kind: 'drop', by: 'unknown-rule', why: 'a rule that is not known drops it' }
  return [
    { branch: noted, left: { kind: 'decided', decision: drop } },
    { branch: noted, left: { kind: 'decided', decision: next } },
    { branch: noted, left: { kind: 'fell' } },
    { branch: noted, left: { kind: 'on' } },
  ]
}

/** A branch with its share of the packets, in doubt where the share was only guessed. */
export const partOf = (branch: Branch, share: number, sure: boolean, step: Step): Branch => ({
  ...branch,
  probability: branch.probability * share,
  doubt: branch.doubt ?? (sure ? null : step),
})
