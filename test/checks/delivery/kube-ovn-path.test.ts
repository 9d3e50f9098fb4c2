import { expect, test } from '@jest/globals'
import { known } from '../../../src/evidence/gap.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, type Json } from '../../kit/fixtures.ts'
import { kubeOvnCluster } from '../../kit/kube-ovn.ts'
import { found } from '../../kit/found.ts'

const id = 'delivery/kube-ovn-path'
const from = 'pod/default/keepalived-0'

test('a pod of the same VPC', async () => {
  expect(found(await kubeOvnCluster(), id, 'vips/shared', from)).toEqual([
    [
      'pass',
      'pod/default/keepalived-0 is attached to the subnet ovn-default of the VPC ovn-cluster, in which OVN carries 10.16.0.200.',
    ],
  ])
})

test('KO-L05 the load balancer of a rule serves nobody outside, and that is the cause', async () => {
  const evidence = await kubeOvnCluster()
  expect(found(evidence, id, 'switch-lb-rules/web')).toEqual([
    ['fail', 'vpc is outside OVN, and the load balancer of SwitchLBRule web serves pods inside only.'],
  ])
  expect(diagnosisOf(evidence, 'switch-lb-rules/web').causes.map((cause) => cause.id)).toEqual([id])
})

test('KO-U05 whether somebody made a route to the overlay is not known', async () => {
  const diagnosis = diagnosisOf(await kubeOvnCluster(), 'vips/shared')
  expect(diagnosis.verdict).toBe('inconclusive')
  expect(diagnosis.findings.find((one) => one.id === id)?.says).toMatch(/nothing outside OVN has a route unless/)
})

const vlan = {
  subnet: ({ spec }: Json) => {
    spec.vlan = 'vlan-0'
  },
}

test('KO-U01 an underlay works on a LAN and not on EC2', async () => {
  expect(found(await kubeOvnCluster(vlan), id, 'vips/shared')).toEqual([
    ['pass', '10.16.0.200 lies in the underlay subnet ovn-default, whose frames are on the network outside.'],
  ])
  const ec2 = await kubeOvnCluster(vlan, 'hard-way-healthy')
  expect(found(ec2, id, 'vips/shared')).toEqual([
    ['fail', expect.stringMatching(/EC2 does not accept frames from a MAC that it did not give/)],
  ])
  expect(diagnosisOf(ec2, 'vips/shared').verdict).toBe('unreachable')
})

test('clients whose place in OVN is not known', async () => {
  const evidence = await kubeOvnCluster()
  expect(found(evidence, id, 'vips/shared', 'node/worker-0')).toEqual([
    ['unknown', expect.stringContaining('through its own port in OVN is not in the evidence')],
  ])
  const outside = known(evidence.kubernetes.pods)?.find(({ metadata }) => metadata?.name?.startsWith('nginx'))
  const client = `pod/default/${outside?.metadata?.name ?? ''}`
  expect(found(evidence, id, 'vips/shared', client)).toEqual([
    ['unknown', expect.stringContaining(`which subnet of OVN ${client} is attached to`)],
  ])
})

/** What Kube-OVN leaves on a node: the annotation with its subnet, the subnet join, and the route out of ovn0. */
const joined = (vpc = 'ovn-cluster', dev = 'ovn0') =>
  kubeOvnCluster({
    changes: {
      'kubernetes/nodes.json': editJson((list: Json) => {
        for (const { metadata } of list.items)
          metadata.annotations = { ...metadata.annotations, 'ovn.kubernetes.io/logical_switch': 'join' }
      }),
      'kubernetes/subnets.kubeovn.io.json': JSON.stringify({
        items: [
          { metadata: { name: 'ovn-default' }, spec: { vpc: 'ovn-cluster', cidrBlock: '10.16.0.0/16' } },
          { metadata: { name: 'join' }, spec: { vpc, cidrBlock: '100.64.0.0/16' } },
        ],
      }),
      'nodes/worker-0/ip-route.json': editJson((routes: Json) => {
        routes.push({ dst: '10.16.0.0/16', gateway: '100.64.0.1', dev, flags: [] })
      }),
    },
  })

test('a node whose port in OVN and route are in the evidence reaches a Vip', async () => {
  const client = 'node/worker-0'
  const evidence = await joined()
  expect(found(evidence, id, 'vips/shared', client)).toEqual([
    [
      'pass',
      'node/worker-0 has its port in the subnet join of the VPC ovn-cluster and sends 10.16.0.200, of ovn-default, out of ovn0.',
    ],
  ])
  expect(diagnosisOf(evidence, 'vips/shared', client).verdict).toBe('reachable')
  for (const [other, words] of [
    [await joined('vpc-1'), 'whether OVN joins them is not in the evidence'],
    [await joined('ovn-cluster', 'eth0'), 'no route to 10.16.0.200 out of ovn0 is in the evidence'],
  ] as const)
    expect(found(other, id, 'vips/shared', client)).toEqual([['unknown', expect.stringContaining(words)]])
  expect(found(evidence, id, 'switch-lb-rules/web', client)).toEqual([
    ['unknown', expect.stringContaining('whether the load balancer of SwitchLBRule web is attached there')],
  ])
})
