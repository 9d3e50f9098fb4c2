import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixtureStore, variant } from '../../kit/fixtures.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/backend-mix'

/** The node's rules a second time, in the other back-end, as an upgrade leaves them. */
async function twice(change: (text: string) => string) {
  const bytes = (await fixtureStore('hard-way-healthy')).read('nodes/controller-0/iptables-nft-save.txt')
  if (isGap(bytes)) throw new Error(bytes.reason)
  return variant('hard-way-healthy', {
    'nodes/controller-0/iptables-legacy-save.txt': change(Buffer.from(bytes).toString()),
  })
}

test('one back-end passes, also where kubelet writes to the other', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'kube-proxy’s rules on controller-0 stand in the nf_tables back-end of iptables only.'],
  ])
  expect(await foundIn('iptables-legacy', id)).toEqual([
    ['pass', 'kube-proxy’s rules on controller-0 stand in the legacy back-end of iptables only.'],
  ])
})

test('both back-ends with the same rules are a warning', async () => {
  const evidence = await twice((text) => text)
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'controller-0 has kube-proxy’s rules in both back-ends of iptables, and the kernel asks both: one of them is left over and follows no change, although both send this packet to the same places now.',
    ],
  ])
  const { verdict, findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(verdict).toBe('reachable')
  // Nothing tells which one is in use, so neither is offered to be cleared.
  const [mix] = findings.filter((finding) => finding.id === id)
  expect([mix?.fix, mix?.look[0]]).toEqual([null, 'ssh controller-0 sudo iptables --version'])
})

test('where they disagree it is not known what the packet meets', async () => {
  const evidence = await twice((text) =>
    text
      .replace('destination 10.200.2.2:80', 'destination 10.200.2.77:80')
      .replace('destination 10.200.3.3:80', 'destination 10.200.2.77:80'),
  )
  const { verdict, findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, found(evidence, id)]).toEqual([
    'inconclusive',
    [
      [
        'unknown',
        'controller-0 has kube-proxy’s rules in both back-ends of iptables, and the kernel asks both; which it asks first cannot be read from them, and one sends this packet to 10.200.2.2:80 and 10.200.3.3:80, the other to 10.200.2.77:80.',
      ],
    ],
  ])
  // nf_tables sends to what the API server lists, so it is the one that is kept up to date.
  expect(findings.find((finding) => finding.id === id)?.fix?.commands).toEqual([
    'ssh controller-0 "sudo iptables-legacy-save > iptables-legacy.before; grep -v KUBE- iptables-legacy.before | sudo iptables-legacy-restore"',
  ])
})

test('does not apply to nftables mode', async () => {
  expect((await foundIn('nftables', id))[0]?.[0]).toBe('skipped')
})
