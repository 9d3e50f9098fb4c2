import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { endpointsOn, local } from '../../kit/etp-local.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/vip-bound-twice'
const both = [
  ['worker-0', 'eth0'],
  ['worker-1', 'eth0'],
] as const

test('one node has the address', async () => {
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'controller-1 alone has 10.240.0.5 on an interface, of the 4 nodes whose addresses are known.'],
  ])
  expect(await foundIn('hard-way-healthy', id)).toEqual([['skipped', 'MetalLB puts a VIP on no interface.']])
  expect(await foundIn('ipvs', id)).toEqual([['skipped', 'MetalLB puts a VIP on no interface.']])
})

test('an address that a former leader kept is named with the command that takes it away', async () => {
  const evidence = await kubeVipCluster({ bound: both })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'worker-0 and worker-1 have 10.240.0.100 on an interface at the same time; kube-vip leads on worker-0: each kernel answers ARP for it, and clients end up on one or the other. A kube-vip that ended or lost the lease without the API server left it behind.',
    ],
  ])
  const { possibleCauses } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(possibleCauses.find((one) => one.id === id)?.fix?.commands).toEqual([
    'ssh worker-1 sudo ip address del 10.240.0.100/32 dev eth0',
  ])
})

test('where kube-vip is told to keep it, that is why', async () => {
  const evidence = await kubeVipCluster({ bound: both, env: { vip_preserve_on_leadership_loss: 'true' } })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('vip_preserve_on_leadership_loss is set, so a node that lost the lease keeps')],
  ])
})

test('by BGP several nodes may have it', async () => {
  const evidence = await kubeVipCluster({ bound: both, env: { vip_arp: 'false', bgp_enable: 'true' } })
  expect(found(evidence, id)).toEqual([['skipped', expect.stringContaining('By BGP')]])
})

test('with externalTrafficPolicy: Local the clients of a holder without an endpoint are lost, the others not', async () => {
  const evidence = await kubeVipCluster({ bound: both, service: local, changes: endpointsOn('worker-0') })
  const { verdict, findings, receiving } = diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50')
  expect([verdict, receiving.nodes]).toEqual(['inconclusive', ['worker-0', 'worker-1']])
  expect(findings.find((one) => one.id === id)?.says).toMatch(
    /With externalTrafficPolicy: Local worker-1 drops what comes in there for want of an endpoint: the clients whose request is answered there are lost, the others served\.$/,
  )
  const served = await kubeVipCluster({ bound: both, service: local, changes: endpointsOn('worker-0', 'worker-1') })
  expect(diagnosisOf(served, 'default/nginx-lb', '10.240.0.50').verdict).toBe('reachable')
})

test('a holder whose kernel keeps silent receives nothing', async () => {
  const evidence = await kubeVipCluster({
    bound: both,
    changes: {
      'nodes/worker-1/sysctl.txt': (text) => text.replace(/(conf\.all\.arp_ignore = )\d/, '$18'),
    },
  })
  expect(diagnosisOf(evidence, 'default/nginx-lb').receiving.nodes).toEqual(['worker-0'])
})
