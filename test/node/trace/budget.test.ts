import { expect, test } from '@jest/globals'
import type { NodeState } from '../../../src/node/node-state.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import { syn, withNative, withRules } from './world.ts'

// No kernel loads loops, and none walks more ways than one; a dump may be written by anybody.

const names = Array.from({ length: 40 }, (_, index) => `C${String(index)}`)
const after = (index: number) => names[index + 1] ?? 'END'

const iptables = (...rules: readonly string[]) => withRules('filter', '-A FORWARD -j C0', ...rules)
const twice = names.flatMap((name, index) => [`-A ${name} -j ${after(index)}`, `-A ${name} -j ${after(index)}`])

const of = { family: 'inet', table: 'guard' }
/** A native table in which every chain has these statements, one a rule. */
const native = (statements: (next: string) => readonly object[], chains: readonly string[] = names) =>
  withNative(
    'forward',
    [[{ jump: { target: 'C0' } }]],
    [
      ...[...chains, 'END'].map((name) => ({ chain: { ...of, name } })),
      ...chains.flatMap((chain, index) =>
        statements(chains[index + 1] ?? 'END').map((one, at) => ({
          rule: { ...of, chain, handle: 1000 + index * 10 + at, expr: [one] },
        })),
      ),
    ],
  )
const jump = (target: string) => ({ jump: { target } })

test.each<[string, NodeState, RegExp]>([
  ['forty chains that each jump twice to the next', iptables(...twice, '-A END -j RETURN'), /to chain C\d+$/],
  ['a chain that jumps to itself', iptables('-A C0 -j C0', '-A C0 -j C0'), /-j C0$|to chain C0$/],
  ['two that jump to each other', iptables('-A C0 -j C1', '-A C0 -j C1', '-A C1 -j C0', '-A C1 -j C0'), /C[01]$/],
  ['one that goes to itself', iptables('-A C0 -g C0'), /-g C0$/],
  [
    'forty chains with a condition that is not known',
    iptables(...twice.map((rule) => rule.replace(' -j', ' -m time --timestart 08:00:00 -j')), '-A END -j DROP'),
    /C\d+$/,
  ],
  [
    'native chains that each jump five times',
    native((next) => Array(5).fill(jump(next)), names.slice(0, 15)),
    /to chain C\d+$/,
  ],
  ['a native chain that jumps to itself', native(() => [jump('C0'), jump('C0')], ['C0']), /C0/],
  [
    'native chains that each lead on by a map',
    native(
      (next) =>
        Array(5).fill({
          vmap: { key: { meta: { key: 'l4proto' } }, data: { set: [['tcp', jump(next)]] } },
        }),
      names.slice(0, 15),
    ),
    /to chain C\d+$/,
  ],
])('%s end in a doubt that names the chain, in bounded time', (_, state, named) => {
  const began = performance.now()
  const outcomes = tracePacket(state, syn)
  const again = tracePacket(state, syn)
  expect(performance.now() - began).toBeLessThan(20_000)
  expect(outcomes.some(({ doubt }) => named.test(doubt?.text ?? ''))).toBe(true)
  expect(again.map(({ fate, doubt }) => [fate.kind, doubt !== null])).toEqual(
    expect.arrayContaining([
      ['dropped', true],
      ['forwarded', true],
    ]),
  )
})

test('chains that lead on and on without a choice are followed to their end', () => {
  const line = names.map((name, index) => `-A ${name} -j ${after(index)}`)
  const [outcome, ...others] = tracePacket(iptables(...line, '-A END -j DROP'), syn)
  expect([outcome?.fate.kind, outcome?.doubt, others]).toEqual(['dropped', null, []])
})
