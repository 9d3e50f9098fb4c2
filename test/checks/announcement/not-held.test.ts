import { expect, test } from '@jest/globals'
import { diagnosisOf, judge } from '../../kit/answers.ts'
import { editJson, fixture, variant, type Json } from '../../kit/fixtures.ts'
import { found } from '../../kit/found.ts'
import { controlPlaneVip, keepalivedCluster, withAddress } from '../../kit/keepalived.ts'
import { ids, ownedBy } from '../../fabric/ec2/edits.ts'

const id = 'announcement/not-held'
const target = `${controlPlaneVip}:6443`
const bastion = '10.240.0.50'

const neighbour = (entry: Json) =>
  editJson((entries: Json) => entries.push({ dst: controlPlaneVip, dev: 'eth0', ...entry }))

test('the VIP that keepalived’s master has is reachable, also where nobody asks for it by name', async () => {
  const evidence = await keepalivedCluster()
  const { verdict, receiving } = diagnosisOf(evidence, target, bastion)
  expect([verdict, receiving]).toEqual(['reachable', { by: 'announcer', nodes: ['controller-0'] }])
  expect(found(evidence, id, target)).toEqual([['pass', 'controller-0 (eth0) has 10.240.0.5 on an interface.']])
  expect(judge(evidence, [], bastion).diagnoses.map(({ question }) => question.about)).toContain('control-plane')
})

test.each([
  [
    'of which no instance is master',
    { bound: [] },
    'held-by-nobody',
    'keepalived is configured with 10.240.0.5 on controller-0 and controller-1, and no node has the address: no instance is master.',
  ],
  [
    'that runs nowhere',
    { bound: [], running: [], configured: ['controller-0'] },
    'keepalived-not-running',
    'keepalived is configured with 10.240.0.5 on controller-0, and runs on none of them: no host answers for the address.',
  ],
] as const)('a VIP of keepalived %s is the cause', async (_, wanted, reason, says) => {
  const { verdict, causes } = diagnosisOf(await keepalivedCluster(wanted), target, bastion)
  expect([verdict, causes.map((cause) => cause.id)]).toEqual(['unreachable', [id]])
  expect(causes[0]).toMatchObject({ reason, says })
})

test('an address that only kubeadm names may be another host’s', async () => {
  const evidence = await keepalivedCluster({ bound: [], running: [] })
  const { verdict, findings } = diagnosisOf(evidence, target, bastion)
  expect(verdict).toBe('inconclusive')
  expect(findings.filter(({ status }) => status === 'unknown').map((one) => [one.id, one.reason])).toEqual(
    expect.arrayContaining([
      [id, 'holder-not-known'],
      ['endpoint/vip-bound', 'holder-not-known'],
    ]),
  )
})

test('so may one that nothing names', async () => {
  expect(diagnosisOf(await fixture('lan-healthy'), '10.240.0.199:6443', bastion).verdict).toBe('inconclusive')
})

test('a load balancer beside the cluster has it: what it does there is not known', async () => {
  const evidence = await keepalivedCluster({
    bound: [],
    running: [],
    changes: { 'nodes/worker-0/ip-neigh.json': neighbour({ lladdr: '02:AA:00:00:00:01', state: ['REACHABLE'] }) },
  })
  expect(found(evidence, id, target, bastion)).toEqual([
    [
      'pass',
      'worker-0 knows 10.240.0.5 by 02:aa:00:00:00:01, a hardware address that no node has: a host that is no node answers for it.',
    ],
  ])
  expect(diagnosisOf(evidence, target, bastion).verdict).toBe('inconclusive')
})

test.each([
  ['got no answer', 'FAILED', 'unreachable', 'nobody-answers'],
  ['still waits for one', 'INCOMPLETE', 'inconclusive', undefined],
])('where a node asked and %s', async (_, state, verdict, reason) => {
  const evidence = await keepalivedCluster({
    bound: [],
    running: [],
    changes: { 'nodes/worker-0/ip-neigh.json': neighbour({ state: [state] }) },
  })
  const told = diagnosisOf(evidence, target, bastion)
  expect([told.verdict, told.causes[0]?.reason]).toEqual([verdict, reason])
})

test('is not known where the addresses of its nodes were not read', async () => {
  const evidence = await keepalivedCluster({ bound: [], changes: { 'nodes/controller-1/': null } })
  expect(diagnosisOf(evidence, target, bastion).verdict).toBe('inconclusive')
})

test('Pacemaker’s address is answered for by the node that has it', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/controller-1/processes.txt': (text) => `${text.trimEnd()}\n   777 /usr/sbin/pacemakerd\n`,
    ...withAddress('controller-1', controlPlaneVip),
  })
  expect(diagnosisOf(evidence, target, bastion)).toMatchObject({
    verdict: 'reachable',
    receiving: { by: 'announcer', nodes: ['controller-1'] },
  })
})

test('two masters are told, with what VRRP needs', async () => {
  const evidence = await keepalivedCluster({ bound: ['controller-0', 'controller-1'] })
  const twice = diagnosisOf(evidence, target, bastion).findings.find((one) => one.id === 'announcement/vip-bound-twice')
  expect(twice).toMatchObject({
    status: 'fail',
    says: expect.stringContaining('takes itself for the master'),
    fix: null,
  })
  expect(twice?.advice).toContain('unicast_peer')
})

test('a NodePort at keepalived’s address is judged at its master', async () => {
  const { question, receiving, verdict } = diagnosisOf(await keepalivedCluster(), `${controlPlaneVip}:30080`, bastion)
  expect([question.about, receiving.nodes, verdict]).toEqual(['service', ['controller-0'], 'reachable'])
})

const owning = (eni: string) =>
  editJson(({ NetworkInterfaces }: Json) => {
    ownedBy(eni, controlPlaneVip)(NetworkInterfaces)
  })

test('in a VPC keepalived’s address is delivered to whoever owns it', async () => {
  const nobody = diagnosisOf(await keepalivedCluster({}, 'hard-way-healthy'), target, bastion)
  expect([nobody.verdict, nobody.causes[0]?.id]).toEqual(['unreachable', 'delivery/vip-not-owned'])
  const other = await keepalivedCluster(
    { changes: { 'aws/describe-network-interfaces.json': owning(ids.worker0) } },
    'hard-way-healthy',
  )
  const { verdict, causes } = diagnosisOf(other, target, bastion)
  expect([verdict, causes[0]?.id, causes[0]?.says]).toEqual([
    'unreachable',
    'endpoint/vip-bound',
    'worker-0 receives the packets for 10.240.0.5, but none of its interfaces holds the address; controller-0 has it.',
  ])
})

test('without Kubernetes the account and the nodes tell of delivery and of who listens', async () => {
  const evidence = await keepalivedCluster(
    {
      endpoint: null,
      changes: { 'kubernetes/': null, 'aws/describe-network-interfaces.json': owning(ids.controller0) },
    },
    'hard-way-healthy',
  )
  const { receiving, findings } = diagnosisOf(evidence, target, bastion)
  const status = (of: string) => findings.find((one) => one.id === of)?.status
  expect(receiving).toEqual({ by: 'owner', nodes: ['controller-0'] })
  expect(
    ['delivery/vip-not-owned', 'admission/service-port', 'endpoint/vip-bound', 'return/vpc-route'].map(status),
  ).toEqual(['pass', 'pass', 'pass', 'pass'])
})

test('in a VPC a load balancer beside the cluster may own it: what it does there is not known', async () => {
  const evidence = await keepalivedCluster(
    { bound: [], running: [], changes: { 'aws/describe-network-interfaces.json': owning(ids.bastion) } },
    'hard-way-healthy',
  )
  const { verdict, receiving } = diagnosisOf(evidence, target, bastion)
  expect([verdict, receiving.nodes]).toEqual(['inconclusive', []])
  expect(found(evidence, 'delivery/owner-foreign', target, bastion)[0]?.[0]).toBe('pass')
})

test('a firewall of the master’s host before the API server is the cause', async () => {
  const evidence = await keepalivedCluster({
    changes: {
      'nodes/controller-0/iptables-nft-save.txt': (text) =>
        text.replace(/(\*filter\n(?:[:#].*\n)*)/, '$1-A INPUT -p tcp -m tcp --dport 6443 -j DROP\n'),
    },
  })
  const { verdict, causes } = diagnosisOf(evidence, target, bastion)
  expect([verdict, causes[0]?.id, causes[0]?.says]).toEqual([
    'unreachable',
    'forwarding/forward-drop',
    'controller-0 drops the packet to 10.240.0.5:6443 in filter chain INPUT.',
  ])
})
