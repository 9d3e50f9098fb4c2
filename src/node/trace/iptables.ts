import { parseAddress } from '../../net/address.ts'
import type { Action, Rule } from '../../evidence/node/iptables-rule.ts'
import { rulesFor } from '../../evidence/node/iptables-index.ts'
import type { IptablesChain } from '../../evidence/node/chain-table.ts'
import type { IptablesSave } from '../../evidence/node/iptables-save.ts'
import { accept, joined, next, settled, type Decided, type Decision } from './branch.ts'
import { knownEndless, newBudget, rememberEndless, whyNotFollowed, type Budget } from './budget.ts'
import { ruleApplies } from './match.ts'
import { spread } from './spread.ts'
import { hasConnection, type Branch, type Did, type Packet, type Step } from './types.ts'
import type { World } from './world.ts'

/** One table of one back-end at one hook. */
export interface BaseChain {
  readonly save: IptablesSave
  readonly backend: 'nft' | 'legacy'
  readonly table: string
  readonly hook: string
  readonly world: World
}

/** A base chain while one packet is walked through it. */
interface Walk extends BaseChain {
  readonly budget: Budget
}

type Left = { readonly kind: 'fell' | 'returned' } | { readonly kind: 'decided'; readonly decision: Decision }
interface Walked {
  readonly branch: Branch
  readonly left: Left
}

/** Chains call each other no deeper in the kernel (net/netfilter/x_tables.c refuses loops; nf_tables allows 16 jumps). */
const deepest = 64

/** Runs a table's built-in chain: what falls off its end or returns from it meets its policy. A table that is not there passes everything. */
export function runBaseChain(base: BaseChain, branch: Branch): readonly Decided[] {
  const chain = base.save.tables.get(base.table)?.chains.get(base.hook)
  if (chain === undefined) return [{ branch, decision: next }]
  const budget = newBudget()
  const endless = knownEndless(chain)
  const walked = endless === null ? walk({ ...base, budget }, chain, branch, 0) : anyEnd(branch, endless)
  rememberEndless(chain, budget)
  return settled(
    branch,
    walked.map(({ branch: after, left }): Decided => {
      if (left.kind === 'decided') return { branch: after, decision: left.decision }
      if (chain.policy !== 'DROP') return { branch: after, decision: next }
      const step = {
        ...stepOf(base, chain.name, chain.line, `:${chain.name} DROP (policy)`, 'drop'),
        printed: `:${chain.name} DROP`,
      }
      if (base.world.isTakenAway(step)) return { branch: after, decision: next }
      return {
        branch: withStep(after, step),
        decision: { kind: 'drop', by: 'policy', why: `the policy of chain ${chain.name} is DROP` },
      }
    }),
  )
}

function walk(base: Walk, chain: IptablesChain, start: Branch, depth: number): readonly Walked[] {
  let open: readonly Branch[] = [start]
  const done: Walked[] = []
  for (const rule of rulesFor(chain, start.packet)) {
    // A rule that only counts or logs: whether it applies makes no difference.
    if (rule.action.kind === 'continue') continue
    const still: Branch[] = []
    for (const branch of open) {
      base.budget.rules -= 1
      const applies = ruleApplies(rule, branch.packet, base.world)
      if (applies === 0) {
        still.push(branch)
        continue
      }
      const step = stepOf(base, chain.name, rule.line, rule.text, rule.action.kind)
      const doubt = branch.doubt ?? (applies === null ? step : null)
      // Of a condition that is not known both ways are followed; its probability is not known either and counts as even.
      const probability = applies ?? 0.5
      if (probability < 1) still.push({ ...branch, doubt, probability: branch.probability * (1 - probability) })
      for (const walked of act(
        base,
        rule,
        step,
        { ...branch, doubt, probability: branch.probability * probability },
        depth,
      )) {
        if (walked.left.kind === 'fell') still.push(walked.branch)
        else done.push(walked)
      }
    }
    open =
      still.length < 2 ? still : joined(still.map((branch) => ({ branch, decision: next }))).map(({ branch }) => branch)
    if (open.length === 0) break
  }
  return [...done, ...open.map((branch): Walked => ({ branch, left: { kind: 'fell' } }))]
}

/** What a rule that applies does: `fell` goes on behind it, `returned` leaves its chain. */
function act(base: Walk, rule: Rule, step: Step, branch: Branch, depth: number): readonly Walked[] {
  const { action } = rule
  const on = (packet: Packet): readonly Walked[] => [
    { branch: { ...withStep(branch, step), packet }, left: { kind: 'fell' } },
  ]
  const end = (decision: Decision, packet = branch.packet): readonly Walked[] => [
    { branch: { ...withStep(branch, step), packet }, left: { kind: 'decided', decision } },
  ]
  const { packet } = branch
  if ((action.kind === 'drop' || action.kind === 'reject') && base.world.isTakenAway(step))
    return [{ branch, left: { kind: 'fell' } }]
  switch (action.kind) {
    case 'continue':
      return on(packet)
    case 'accept':
      // ACCEPT ends this table only; the next one still sees the packet.
      return end(next)
    case 'drop':
      return end({ kind: 'drop', by: 'rule', why: 'a rule drops it' })
    case 'reject':
      return end({ kind: 'reject', with: action.with })
    case 'return':
      return [{ branch, left: { kind: 'returned' } }]
    case 'notrack':
      return on(packet.entered ? packet : { ...packet, tracked: false })
    case 'jump':
    case 'goto':
      return call(base, action, step, branch, depth)
    case 'dnat':
      return translated(branch, step, action)
    case 'redirect': {
      const own =
        packet.inDevice === null
          ? parseAddress(packet.destination.family === 4 ? '127.0.0.1' : '::1')
          : base.world.addressOfDevice(packet.inDevice, packet.destination.family)
      return end(accept, {
        ...packet,
        translated: true,
        destination: own ?? packet.destination,
        destinationPort: action.port ?? packet.destinationPort,
      })
    }
    case 'masquerade':
      return end(accept, { ...packet, sourceNat: 'masquerade' })
    case 'snat':
      if (action.to === null) return end(accept, { ...packet, sourceNat: 'masquerade' })
      return spread(packet, action.to, null).map(({ address, part }) => ({
        branch: {
          ...withStep(branch, step),
          probability: branch.probability * part,
          packet: { ...packet, sourceNat: address },
        },
        left: { kind: 'decided', decision: accept },
      }))
    case 'mark':
      return on({ ...packet, mark: ((packet.mark & ~action.mask) ^ action.value) >>> 0 })
    case 'connmark':
      if (!hasConnection(packet)) return on(packet)
      return on({ ...packet, connmark: ((packet.connmark & ~action.mask) ^ action.value) >>> 0 })
    case 'save-mark':
      if (!hasConnection(packet)) return on(packet)
      return on({ ...packet, connmark: ((packet.connmark & ~action.ctmask) ^ (packet.mark & action.nfmask)) >>> 0 })
    case 'restore-mark':
      if (!hasConnection(packet)) return on(packet)
      return on({ ...packet, mark: ((packet.mark & ~action.nfmask) ^ (packet.connmark & action.ctmask)) >>> 0 })
    case 'unknown':
      return anyEnd(branch, step)
  }
}

/** A target that is not known may drop the packet, accept it for this table, or leave it to the next rule: all three, all in doubt. */
function anyEnd(branch: Branch, step: Step): readonly Walked[] {
  const noted = withStep({ ...branch, doubt: branch.doubt ?? step, probability: branch.probability / 3 }, step)
  return [
    {
      branch: noted,
      left: {
        kind: 'decided',
        decision: { kind: 'drop', by: 'unknown-rule', why: 'a rule that is not known drops it' },
      },
    },
    { branch: noted, left: { kind: 'decided', decision: next } },
    { branch: noted, left: { kind: 'fell' } },
  ]
}

function call(
  base: Walk,
  action: Extract<Action, { readonly kind: 'jump' | 'goto' }>,
  step: Step,
  branch: Branch,
  depth: number,
): readonly Walked[] {
  const chain = base.save.tables.get(base.table)?.chains.get(action.chain)
  const noted = withStep(branch, step)
  // A target that is no chain of this table is one that this program does not know.
  if (chain === undefined || depth >= deepest) return anyEnd(branch, step)
  const refused = whyNotFollowed(base.budget, action.chain, step, branch)
  if (refused !== null) return anyEnd(branch, refused)
  return walk(base, chain, noted, depth + 1).map(({ branch: after, left }): Walked => {
    if (left.kind === 'decided') return { branch: after, left }
    // After a jump the caller goes on; a goto gave its place away, so its chain ends with it.
    return { branch: after, left: action.kind === 'jump' ? { kind: 'fell' } : { kind: 'returned' } }
  })
}

/** DNAT: one branch for each end. Conntrack keeps the first translation, so a packet translated before stays as it is. */
function translated(branch: Branch, step: Step, { to }: Extract<Action, { readonly kind: 'dnat' }>): readonly Walked[] {
  const { packet } = branch
  return to
    .flatMap(({ addresses, ports }) => spread(packet, addresses, ports))
    .map(({ address, port, part }) => ({
      branch: {
        ...withStep(branch, step),
        probability: (branch.probability * part) / to.length,
        packet: { ...packet, translated: true, destination: address, destinationPort: port },
      },
      left: { kind: 'decided', decision: accept },
    }))
}

const stepOf = (
  { backend, hook, table, save }: BaseChain,
  chain: string,
  line: number,
  text: string,
  did: Did,
): Step => ({
  backend,
  hook,
  table,
  chain,
  did,
  place: line < 1 ? null : { file: save.file, line },
  handle: null,
  text,
})

/** The branch one step further. */
export const withStep = (branch: Branch, step: Step): Branch => ({ ...branch, steps: [...branch.steps, step] })
