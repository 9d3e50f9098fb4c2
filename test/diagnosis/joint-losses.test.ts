import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { variant } from '../kit/fixtures.ts'

const rules = 'nodes/controller-0/iptables-nft-save.txt'

/** The announcing node sends half of the connections to a pod of long ago, and the other half without masquerading, where that is asked for. */
const broken = (...changes: readonly ((text: string) => string)[]) =>
  variant('hard-way-healthy', { [rules]: (text) => changes.reduce((before, change) => change(before), text) })
const stale = (text: string): string => text.replace('destination 10.200.2.2:80', 'destination 10.200.2.77:80')
const bare = (text: string): string => text.replace(/.*-A KUBE-EXT-4OPAUFJG26SLRCPH .*-j KUBE-MARK-MASQ\n/, '')

test('losses of a part each that come to all are causes, in the packet’s order', async () => {
  const { verdict, causes, possibleCauses } = diagnosisOf(await broken(stale, bare), 'default/nginx-lb', '10.240.0.50')
  expect([verdict, possibleCauses]).toEqual(['unreachable', []])
  expect(
    causes.map(({ id, status, says }) => [id, status, says.endsWith('The others are lost by another cause.')]),
  ).toEqual([
    ['translation/dnat-stale-endpoint', 'fail', true],
    ['return/masquerade-missing', 'fail', true],
  ])
})

test('one of them alone leaves a part that gets through', async () => {
  const { verdict, causes, possibleCauses } = diagnosisOf(await broken(stale), 'default/nginx-lb', '10.240.0.50')
  expect([verdict, causes]).toEqual(['inconclusive', []])
  expect(possibleCauses.map(({ id, status }) => [id, status])).toEqual([['translation/dnat-stale-endpoint', 'warn']])
})
