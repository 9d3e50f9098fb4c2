import { expect, test } from '@jest/globals'
import { known } from '../../../src/evidence/gap.ts'
import { diagnosisOf } from '../../answers.ts'
import { type Json } from '../../fixtures.ts'
import { kubeOvnCluster } from '../../kube-ovn.ts'
import { found } from '../found.ts'

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
