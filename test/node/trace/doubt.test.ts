import { expect, test } from '@jest/globals'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import { fates, syn, withRules } from './world.ts'

test('no way of a Service with very many endpoints is lost', () => {
  const many = 9000
  const rules = Array.from(
    { length: many },
    (_, index) =>
      `-A PREROUTING -m statistic --mode random --probability ${String(1 / (many - index))} -j DNAT --to-destination 10.${String(index >> 8)}.${String(index & 255)}.7:80`,
  )
  const outcomes = tracePacket(withRules('nat', ...rules), syn)
  expect(outcomes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
  // Those that are not told apart say so.
  expect(outcomes.some(({ doubt }) => doubt !== null)).toBe(true)
})

test.each([
  ['a queue that a program may drop from', '-A FORWARD -j NFQUEUE --queue-num 0', ['dropped? 33 %', 'forwarded? 67 %']],
  ['a chain that is not in the dump', '-A FORWARD -j MISSING', ['dropped? 33 %', 'forwarded? 67 %']],
  [
    'a condition that is not known',
    '-A FORWARD -m time --timestart 08:00:00 -j DROP',
    ['dropped? 50 %', 'forwarded? 50 %'],
  ],
])('%s may end the journey, and the answer says that it is not sure', (_, rule, expected) => {
  expect(fates(withRules('filter', rule))).toEqual(expected)
})

test.each([
  ['a rule that only logs', ['-A FORWARD -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "']],
  ['a chain that only logs', [':logging - [0:0]', '-A FORWARD -m limit --limit 3/min -j logging', '-A logging -j LOG']],
  [
    'a choice between two ways to be accepted',
    ['-A FORWARD -m time --timestart 08:00:00 -j ACCEPT', '-A FORWARD -j ACCEPT'],
  ],
])('%s leaves no doubt, whether its condition holds or not', (_, rules) => {
  expect(fates(withRules('filter', ...rules))).toEqual(['forwarded'])
})

test('a doubt that came from an earlier table stays', () => {
  const state = withRules(
    'mangle',
    '-A PREROUTING -m time --timestart 08:00:00 -j MARK --set-xmark 0x1/0x1',
    '-A FORWARD -m mark --mark 0x1/0x1 -j DROP',
  )
  expect(fates(state)).toEqual(['dropped? 50 %', 'forwarded? 50 %'])
})
