import { expect, test } from '@jest/globals'
import { diagnosisOf, reported } from '../kit/answers.ts'
import { byId, edited, entry, ids } from '../fabric/ec2/edits.ts'
import { variant, type Json } from '../kit/fixtures.ts'
import { withRules } from '../kit/firewalled.ts'
import { kubeVipCluster } from '../kit/kube-vip.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'

/** What a diagnosis lists apart: what may be on the packet's way, and what cannot be. */
const apart = (evidence: Evidence, target = 'default/nginx-lb', client?: string) => {
  const { verdict, possibleCauses, alsoWrong } = diagnosisOf(evidence, target, client)
  const ids = (some: typeof alsoWrong) => some.map(({ id, reason }) => `${id}: ${reason}`)
  return { verdict, possible: ids(possibleCauses), beside: ids(alsoWrong) }
}

test('two allocators on one Service may be what the packet meets', async () => {
  const evidence = await kubeVipCluster({
    metallb: true,
    service: ({ metadata }) => {
      metadata.annotations['kube-vip.io/vipHost'] = 'worker-0'
    },
  })
  expect(apart(evidence).possible).toContain('assignment/two-allocators: both-serve')
  expect(apart(evidence).beside).toEqual([])
})

test('a lease that nobody holds while a node still has the address', async () => {
  const evidence = await kubeVipCluster({ holder: null, bound: [['worker-0', 'eth0']] })
  expect(apart(evidence)).toEqual({
    verdict: 'reachable',
    possible: ['announcement/kube-vip-lease: lease-not-held'],
    beside: [],
  })
})

test('in a VPC no packet of a Service hangs on that lease', async () => {
  const evidence = await kubeVipCluster({ holder: null, bound: [['worker-0', 'eth0']] }, 'hard-way-healthy')
  const { possible, beside } = apart(evidence)
  expect(possible).toEqual([])
  expect(beside).toContain('announcement/kube-vip-lease: lease-not-held')
})

test('an ACL that refuses the answers to a part of the client’s ports', async () => {
  const evidence = await edited('hard-way-healthy', {
    acls: (acls) => {
      const acl = byId(acls, ids.acl)
      acl.Entries = [
        ...acl.Entries.filter(({ Egress }: Json) => Egress !== true),
        entry({ number: 100, action: 'allow', egress: true, port: 49152, to: 65535 }),
      ]
    },
  })
  const { possible, beside } = apart(evidence, 'default/nginx-lb', '10.240.1.50')
  expect([possible, beside]).toEqual([['admission/nacl-return: refused-in-part'], []])
})

test('a firewall that loses a part of the connections is told there, and not once more as a warning', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/worker-0/iptables-nft-save.txt': withRules(['-A FORWARD -p tcp -m tcp --dport 80 -j DROP']),
  })
  expect(apart(evidence)).toEqual({
    verdict: 'inconclusive',
    possible: ['forwarding/forward-drop: dropped-after-translation-in-part'],
    beside: [],
  })
  const text = reported(evidence, 'text', { targets: ['default/nginx-lb'] })
  expect(text).toContain('  Possible causes:\n  - For a part of the connections: worker-0 drops')
  expect(text).not.toContain('Warnings:')
  expect(reported(evidence, 'markdown', { targets: ['default/nginx-lb'] })).toContain('\nPossible causes:\n')
  const { diagnoses } = JSON.parse(reported(evidence, 'json', { targets: ['default/nginx-lb'] }))
  expect(diagnoses[0].possibleCauses).toHaveLength(1)
})

test('what the packet never touches is listed apart', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/worker-0/iptables-nft-save.txt': withRules(['-A FORWARD -p tcp -m tcp --dport 9443 -j DROP']),
  })
  expect(apart(evidence)).toEqual({
    verdict: 'reachable',
    possible: [],
    beside: ['control/webhook-port: host-firewall'],
  })
})
