import { record, type NftChain, type NftExpression, type NftRule, type NftTable } from '../../evidence/node/nft.ts'
import { knownEndless, newBudget, rememberEndless, whyNotFollowed } from './budget.ts'
import { joined, next, type Decided, type Decision } from './branch.ts'
import { withStep } from './iptables.ts'
import { anyEnd, partOf, type NativeChain, type NativeWalk, type Stated, type Walked } from './native.ts'
import { lookUp } from './nft-lookup.ts'
import { translated } from './nft-nat.ts'
import { absent, flagsMeet, meets, valueOf } from './nft-value.ts'
import { hasConnection, type Branch, type Did, type Step } from './types.ts'

/** NFT_JUMP_STACK_SIZE, Linux include/net/netfilter/nf_tables.h. */
const deepest = 16

/** Runs a base chain: its policy decides about what falls off its end. */
export function runNativeChain(native: NativeChain, branch: Branch): readonly Decided[] {
  const { chain } = native
  const budget = newBudget()
  const endless = knownEndless(chain)
  const walked =
    endless === null ? walk({ ...native, budget }, chain, branch, 0) : anyEnd(branch, endless).map(ofItsRule)
  rememberEndless(chain, budget)
  return joined(
    walked.map(({ branch: after, left }): Decided => {
      if (left.kind === 'decided') return { branch: after, decision: left.decision }
      const step = policyStep(native, chain)
      if (chain.policy !== 'drop' || native.world.isTakenAway(step)) return { branch: after, decision: next }
      return {
        branch: withStep(after, step),
        decision: { kind: 'drop', by: 'policy', why: `the policy of chain ${chain.name} is drop` },
      }
    }),
  )
}

function walk(native: NativeWalk, chain: NftChain, start: Branch, depth: number): readonly Walked[] {
  let open: readonly Branch[] = [start]
  const done: Walked[] = []
  for (const rule of chain.rules) {
    const after = open.flatMap((branch) => runRule(native, chain, rule, branch, depth))
    done.push(...after.filter(({ left }) => left.kind !== 'fell'))
    open = after.filter(({ left }) => left.kind === 'fell').map(({ branch }) => branch)
    if (open.length > 1) open = joined(open.map((branch) => ({ branch, decision: next }))).map(({ branch }) => branch)
    if (open.length === 0) break
  }
  return [...done, ...open.map((branch): Walked => ({ branch, left: { kind: 'fell' } }))]
}

/** The statements of a rule, in order, until one does not hold or decides. */
function runRule(native: NativeWalk, chain: NftChain, rule: NftRule, start: Branch, depth: number): readonly Walked[] {
  native.budget.rules -= 1
  const step = stepOf(native, chain, rule)
  let on: readonly Branch[] = [start]
  const done: Walked[] = []
  for (const statement of rule.expressions) {
    const after = on.flatMap((branch) => state(native, statement, step, branch, depth))
    on = after.flatMap(({ branch, left }) => (left.kind === 'on' ? [branch] : []))
    for (const { branch, left } of after) if (left.kind !== 'on') done.push({ branch, left })
  }
  return [...done, ...on.map((branch) => ofItsRule({ branch, left: { kind: 'on' } }))]
}

/** What has met the last statement of its rule goes on behind the rule. */
const ofItsRule = ({ branch, left }: Stated): Walked => ({ branch, left: left.kind === 'on' ? { kind: 'fell' } : left })

/** Statements that change nothing that is followed here. */
const passing = new Set(['counter', 'log', 'set', 'comment', 'last', 'meter'])

function state(
  native: NativeWalk,
  statement: NftExpression,
  step: Step,
  branch: Branch,
  depth: number,
): readonly Stated[] {
  const [[kind, body] = ['', null]] = Object.entries(statement)
  const on = (after: Branch): readonly Stated[] => [{ branch: after, left: { kind: 'on' } }]
  if (passing.has(kind)) return on(branch)
  // Of a limit the packet is the first; what a limit with a name, or a quota, has counted is not followed.
  if (kind === 'limit' && typeof body === 'object')
    return record(body).inv === true ? [{ branch, left: { kind: 'fell' } }] : on(branch)
  if (kind === 'limit' || kind === 'quota') return eitherWay(branch, step)
  if (kind === 'match') return matched(native, record(body), step, branch)
  if (kind === 'vmap') return mapped(native, record(body), step, branch, depth)
  if (kind === 'mangle') {
    const after = mangled(native, record(body), step, branch)
    return on(after)
  }
  return verdict(native, kind, body, step, branch, depth) ?? anyEnd(branch, step)
}

function matched(
  native: NativeChain,
  { op, left, right }: Readonly<Record<string, unknown>>,
  step: Step,
  branch: Branch,
): readonly Stated[] {
  const value = valueOf(left, branch.packet, native.world)
  const plain =
    value === absent
      ? false
      : (flagsMeet({ op, left, right }, branch.packet) ?? compared(op, value, right, native.table))
  if (plain === true) return [{ branch, left: { kind: 'on' } }]
  if (plain === false) return [{ branch, left: { kind: 'fell' } }]
  return eitherWay(branch, step)
}

/** A condition that is not known holds or not. */
function eitherWay(branch: Branch, step: Step): readonly Stated[] {
  const half = { ...branch, probability: branch.probability / 2, doubt: branch.doubt ?? step }
  return [
    { branch: half, left: { kind: 'on' } },
    { branch: half, left: { kind: 'fell' } },
  ]
}

function compared(op: unknown, value: ReturnType<typeof valueOf>, right: unknown, table: NftTable): boolean | null {
  if (typeof value === 'number' && typeof right === 'number') {
    if (op === '<') return value < right
    if (op === '>') return value > right
    if (op === '<=') return value <= right
    if (op === '>=') return value >= right
  }
  const same = meets(value, right, table)
  return same === null || op === '==' || op === 'in' ? same : op === '!=' ? !same : null
}

/** A verdict map: the verdict of the element whose key the packet has; without one the rule ends here. */
function mapped(
  native: NativeWalk,
  map: Readonly<Record<string, unknown>>,
  step: Step,
  branch: Branch,
  depth: number,
): readonly Stated[] {
  const found = lookUp(map, branch.packet, native.table, native.world)
  if (found === null) return anyEnd(branch, step)
  return found.flatMap(({ value, share, sure }): readonly Stated[] => {
    const part = partOf(branch, share, sure, step)
    return value === absent ? [{ branch: part, left: { kind: 'fell' } }] : follow(native, value, step, part, depth)
  })
}

function follow(
  native: NativeWalk,
  verdictValue: unknown,
  step: Step,
  branch: Branch,
  depth: number,
): readonly Stated[] {
  const [[kind, body] = ['', null]] = Object.entries(record(verdictValue))
  return verdict(native, kind, body, step, branch, depth) ?? anyEnd(branch, step)
}

/** A verdict or a translation; null for a statement that is not known. */
function verdict(
  native: NativeWalk,
  kind: string,
  body: unknown,
  step: Step,
  branch: Branch,
  depth: number,
): readonly Stated[] | null {
  const noted = (did: Did): Branch => withStep(branch, { ...step, did })
  const { packet } = branch
  if ((kind === 'drop' || kind === 'reject') && native.world.isTakenAway(step))
    return [{ branch, left: { kind: 'fell' } }]
  const end = (did: Did, decision: Decision): readonly Stated[] => [
    { branch: noted(did), left: { kind: 'decided', decision } },
  ]
  switch (kind) {
    case 'accept':
      return end('accept', next)
    case 'drop':
      return end('drop', { kind: 'drop', by: 'rule', why: 'a rule drops it' })
    case 'continue':
      return [{ branch, left: { kind: 'on' } }]
    case 'return':
      return [{ branch, left: { kind: 'returned' } }]
    case 'reject':
      // A reset answers TCP alone; the test for it is not always shown.
      if (record(body).type === 'tcp reset' && packet.protocol !== 'tcp') return [{ branch, left: { kind: 'fell' } }]
      return end('reject', { kind: 'reject', with: rejectText(record(body), packet.destination.family) })
    case 'jump':
    case 'goto':
      return called(native, kind, record(body).target, noted(kind), step, depth)
    case 'notrack':
      return [
        {
          branch: packet.entered ? branch : { ...noted('notrack'), packet: { ...packet, tracked: false } },
          left: { kind: 'on' },
        },
      ]
    default:
      return translated(native, kind, body, step, branch)
  }
}

function called(
  native: NativeWalk,
  kind: 'jump' | 'goto',
  target: unknown,
  branch: Branch,
  step: Step,
  depth: number,
): readonly Stated[] {
  const chain = native.table.chains.get(String(target))
  if (chain === undefined || depth >= deepest) return anyEnd(branch, step)
  const refused = whyNotFollowed(native.budget, chain.name, step, branch)
  if (refused !== null) return anyEnd(branch, refused)
  return walk(native, chain, branch, depth + 1).map(({ branch: after, left }): Stated => {
    if (left.kind === 'decided') return { branch: after, left }
    // A goto gave the place of its caller away; after a jump the next rule follows (nothing stands behind a verdict in its own rule).
    return { branch: after, left: { kind: kind === 'jump' ? 'fell' : 'returned' } }
  })
}

function rejectText({ type, expr }: Readonly<Record<string, unknown>>, family: 4 | 6): string {
  if (type === 'tcp reset') return 'tcp-reset'
  const prefix = family === 4 ? 'icmp' : 'icmp6'
  // nft says `prot`, iptables says `proto`, of the same code.
  return `${prefix}-${typeof expr === 'string' ? expr.replace(/^prot-/, 'proto-').replace('no-route', 'net-unreachable') : 'port-unreachable'}`
}

function mangled(
  native: NativeChain,
  { key, value }: Readonly<Record<string, unknown>>,
  step: Step,
  branch: Branch,
): Branch {
  const { packet } = branch
  const result = valueOf(value, packet, native.world)
  const { meta, ct } = record(key)
  if (result === absent) return branch
  if (typeof result !== 'number') return { ...branch, doubt: branch.doubt ?? step }
  if (record(meta).key === 'mark')
    return { ...withStep(branch, { ...step, did: 'mark' }), packet: { ...packet, mark: result } }
  if (record(ct).key === 'mark' && !hasConnection(packet)) return branch
  if (record(ct).key === 'mark')
    return { ...withStep(branch, { ...step, did: 'connmark' }), packet: { ...packet, connmark: result } }
  return branch
}

/** A rule of which is not yet known what it does: who finds its verdict says so. */
function stepOf({ file, table, chain: base }: NativeChain, chain: NftChain, rule: NftRule): Step {
  return {
    backend: 'native',
    hook: base.hook ?? '',
    table: `${table.family} ${table.name}`,
    chain: chain.name,
    did: 'unknown',
    place: { file, pointer: rule.pointer },
    handle: rule.handle,
    text: textOf(rule),
  }
}

const texts = new WeakMap<NftRule, string>()

/** What a rule says of itself, or its expressions; each VIP meets most rules again. */
function textOf(rule: NftRule): string {
  const text = texts.get(rule) ?? rule.comment ?? JSON.stringify(rule.expressions)
  texts.set(rule, text)
  return text
}

const policyStep = ({ file, table, chain: base }: NativeChain, chain: NftChain): Step => ({
  backend: 'native',
  hook: base.hook ?? '',
  table: `${table.family} ${table.name}`,
  chain: chain.name,
  did: 'drop',
  place: { file, pointer: chain.pointer },
  handle: null,
  text: 'policy drop',
})
