import { expect, test } from '@jest/globals'
import { removals } from '../../../src/checks/about/rule-removal.ts'
import type { Loss } from '../../../src/journey/lost-answer.ts'
import type { Step } from '../../../src/node/trace/types.ts'

const step: Step = {
  ...{ backend: 'nft', hook: 'FORWARD', table: 'filter', chain: 'FORWARD', did: 'drop', place: null, handle: null },
  text: '-A FORWARD -p tcp -m tcp --dport 80 -j DROP',
}

const linesOf = (change: Partial<Step>, family?: 'ip' | 'ip6'): readonly unknown[] =>
  removals('worker-0', [{ step: { ...step, ...change }, node: null } as Loss], family).map((command) =>
    'line' in command ? command.line : command,
  )

test.each<[string, Partial<Step>, string[]]>([
  ['a rule', {}, ['ssh worker-0 sudo iptables-nft -t filter -D FORWARD -p tcp -m tcp --dport 80 -j DROP']],
  [
    'a rule of the legacy back-end, in another table',
    { backend: 'legacy', table: 'raw', chain: 'PREROUTING', text: '-A PREROUTING -d 10.240.0.100/32 -j DROP' },
    ['ssh worker-0 sudo iptables-legacy -t raw -D PREROUTING -d 10.240.0.100/32 -j DROP'],
  ],
  [
    'a rule whose comment two shells would tear apart',
    { text: '-A FORWARD -m comment --comment "no web; rm -rf /" -j DROP' },
    [
      String.raw`ssh worker-0 sudo 'iptables-nft -t filter -D FORWARD -m comment --comment '\''no web; rm -rf /'\'' -j DROP'`,
    ],
  ],
  ['a policy', { text: ':FORWARD DROP (policy)' }, ['ssh worker-0 sudo iptables-nft -t filter -P FORWARD ACCEPT']],
  [
    'a rule of a native table',
    { backend: 'native', table: 'inet site', chain: 'forward', handle: 7, text: '[]' },
    ['ssh worker-0 sudo nft delete rule inet site forward handle 7'],
  ],
  [
    'the policy of a native chain',
    { backend: 'native', table: 'inet site', chain: 'forward', text: 'policy drop' },
    [String.raw`ssh worker-0 sudo 'nft '\''chain inet site forward { policy accept; }'\'''`],
  ],
  ['a chain that a program writes again', { chain: 'KUBE-FORWARD' }, []],
  ['what the kernel does by itself', { backend: 'kernel', text: 'no route' }, []],
])('%s', (_, change, lines) => {
  expect(linesOf(change)).toEqual(lines)
})

test('the rules of IPv6 are ip6tables’', () => {
  expect(linesOf({ text: ':FORWARD DROP (policy)' }, 'ip6')).toEqual([
    'ssh worker-0 sudo ip6tables-nft -t filter -P FORWARD ACCEPT',
  ])
})

test('each node’s own rule is taken away, and the same rule once', () => {
  const losses = ['worker-0', 'worker-1', 'worker-1'].map((node) => ({ step, node }) as Loss)
  expect(removals('controller-0', losses)).toEqual(
    ['worker-0', 'worker-1'].map((node) => ({
      line: `ssh ${node} sudo iptables-nft -t filter -D FORWARD -p tcp -m tcp --dport 80 -j DROP`,
    })),
  )
})
