import { expect, test } from '@jest/globals'
import { diagnosisOf, judge } from '../../kit/answers.ts'
import type { Json } from '../../kit/fixtures.ts'
import { kubeOvnCluster, type KubeOvnCluster } from '../../kit/kube-ovn.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/kube-ovn-vip'
const from = 'pod/default/keepalived-0'

test('a Vip of Kube-OVN is diagnosed end to end: reachable from a pod of its VPC', async () => {
  const evidence = await kubeOvnCluster()
  const vip = diagnosisOf(evidence, '10.16.0.200', from)
  expect([vip.verdict, vip.question.port.port, vip.causes]).toEqual(['reachable', 8080, []])
  const rule = diagnosisOf(evidence, '10.16.0.210:80', from)
  expect([rule.verdict, rule.path.map(({ hop, status }) => `${hop} ${status}`)]).toEqual([
    'reachable',
    [
      'assignment pass',
      'announcement pass',
      'delivery pass',
      'admission skipped',
      'translation pass',
      'forwarding skipped',
      'endpoint pass',
      'return skipped',
    ],
  ])
  expect(found(evidence, id, 'vips/shared', from)).toEqual([
    ['pass', 'Vip shared has 10.16.0.200 of the subnet ovn-default.'],
  ])
  expect(found(evidence, id, 'switch-lb-rules/web', from)).toEqual([
    ['pass', 'SwitchLBRule web has the VIP 10.16.0.210.'],
  ])
})

test('without Kube-OVN there is nothing to say, and beside it MetalLB is judged as ever', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['skipped', 'The VIP is a Service’s: the nodes translate it, and OVN does not carry it.'],
  ])
  const { diagnoses } = judge(await kubeOvnCluster(), ['default/nginx-lb'])
  expect(diagnoses.map(({ verdict }) => verdict)).toEqual(['reachable'])
})

const unallocated = (more: (vip: Json) => void) => (vip: Json) => {
  vip.status = {}
  more(vip)
}
const asks = (v4ip: string) =>
  unallocated((vip) => {
    vip.spec.v4ip = v4ip
  })

test.each<[string, KubeOvnCluster, string]>([
  [
    'KO-V01 no subnet',
    {
      vip: unallocated((vip) => {
        vip.spec.subnet = ''
      }),
    },
    'Vip shared names no subnet, so Kube-OVN gives it no address.',
  ],
  [
    'KO-V02 a subnet that is not there',
    {
      vip: unallocated((vip) => {
        vip.spec.subnet = 'gone'
      }),
    },
    'Vip shared wants an address of the subnet gone, which does not exist.',
  ],
  [
    'KO-V02 a subnet that is not ready',
    {
      vip: asks('10.16.0.200'),
      subnet: (subnet) => {
        subnet.status.conditions = [{ type: 'Ready', status: 'False', message: 'cidr conflicts' }]
      },
    },
    'Vip shared wants an address of the subnet ovn-default, which is not ready: cidr conflicts.',
  ],
  [
    'KO-V03 outside the range',
    { vip: asks('10.17.0.9') },
    'Vip shared asks for 10.17.0.9, outside the range 10.16.0.0/16 of its subnet ovn-default.',
  ],
  [
    'KO-V04 the gateway',
    { vip: asks('10.16.0.1') },
    'Vip shared has the address 10.16.0.1, which is the gateway of subnet ovn-default.',
  ],
  [
    'KO-V04 a pod’s address',
    {
      vip: asks('10.16.0.20'),
      ips: [
        {
          metadata: { name: 'keepalived-0.default' },
          spec: { subnet: 'ovn-default', namespace: 'default', podName: 'keepalived-0', v4IpAddress: '10.16.0.20' },
        },
      ],
    },
    'Vip shared has the address 10.16.0.20, which belongs to the pod default/keepalived-0.',
  ],
  [
    'KO-V04 another Vip’s address',
    { vip: asks('10.16.0.210'), rule: (rule) => (rule.spec.ports = []) },
    'Vip shared has the address 10.16.0.210, which belongs to the Vip web-vip.',
  ],
  [
    'KO-V05 a full subnet',
    {
      vip: unallocated(() => undefined),
      subnet: (subnet) => {
        subnet.status.v4availableIPs = 0
      },
    },
    'Vip shared has no address because the subnet ovn-default has none left.',
  ],
  [
    'KO-V06 upper case',
    {
      vip: unallocated((vip) => {
        vip.spec.v6ip = 'FD00:10:16::9'
      }),
    },
    'Vip shared asks for FD00:10:16::9: Kube-OVN takes IPv6 addresses in lower case only.',
  ],
  [
    'an address without a MAC (1.14 and later)',
    {
      vip: (vip) => {
        vip.status.mac = ''
      },
    },
    'Vip shared is not allocated: its status has no address with a MAC, and nothing in the evidence says why.',
  ],
  [
    'a status that is not ready (up to 1.13)',
    {
      vip: (vip) => {
        vip.status.ready = false
      },
    },
    'Vip shared is not allocated: its status has no address with a MAC, and nothing in the evidence says why.',
  ],
])('%s', async (_, cluster, says) => {
  const evidence = await kubeOvnCluster(cluster)
  expect(found(evidence, id, 'vips/shared', from)).toEqual([['fail', says]])
  const diagnosis = diagnosisOf(evidence, 'vips/shared', from)
  expect([diagnosis.verdict, diagnosis.causes[0]?.id]).toEqual(['unreachable', id])
})

test('up to 1.13 the status says ready, and has no MAC', async () => {
  const evidence = await kubeOvnCluster({
    vip: (vip) => {
      vip.status = { v4ip: '10.16.0.200', ready: true }
    },
  })
  expect(found(evidence, id, 'vips/shared', from)).toEqual([['pass', expect.stringContaining('10.16.0.200')]])
})

test('KO-V08 a static address of excludeIps is where it belongs; KO-V07 and KO-V11 are warnings', async () => {
  const excluded = await kubeOvnCluster({
    subnet: (subnet) => {
      subnet.spec.excludeIps.push('10.16.0.200')
    },
  })
  expect(found(excluded, id, 'vips/shared', from)).toEqual([
    ['pass', 'Vip shared has 10.16.0.200 of the subnet ovn-default, one of its excludeIps.'],
  ])
  const changed = await kubeOvnCluster({
    vip: (vip) => {
      vip.spec.v4ip = '10.16.0.201'
    },
  })
  expect(found(changed, id, 'vips/shared', from)).toEqual([
    [
      'warn',
      'Vip shared keeps 10.16.0.200: 10.16.0.201 was put into its spec later, and Kube-OVN does not change the address of a Vip.',
    ],
  ])
  const leaving = await kubeOvnCluster({
    vip: (vip) => {
      vip.metadata.deletionTimestamp = '2026-11-21T06:00:00Z'
    },
  })
  expect(found(leaving, id, 'vips/shared', from)).toEqual([['warn', expect.stringContaining('is being deleted')]])
})

test('a rule without an address is skipped by Kube-OVN', async () => {
  const evidence = await kubeOvnCluster({
    rule: (rule) => {
      rule.spec.vip = ''
    },
  })
  expect(found(evidence, id, 'switch-lb-rules/web', from)).toEqual([
    ['fail', 'SwitchLBRule web has no address in spec.vip, and Kube-OVN skips such a rule.'],
  ])
})

test('where the subnets may not be listed, nothing is concluded', async () => {
  const evidence = await kubeOvnCluster({ changes: { 'kubernetes/subnets.kubeovn.io.json': null } })
  const diagnosis = diagnosisOf(evidence, 'vips/shared', from)
  expect(diagnosis.verdict).toBe('inconclusive')
})

test('KO-V09 a Vip gives its address to one pod', async () => {
  const taken = (count: number) => {
    let at = 0
    return kubeOvnCluster({
      pod: ({ metadata }) => {
        if (at++ < count) metadata.annotations['ovn.kubernetes.io/vip'] = 'shared'
      },
    })
  }
  expect(found(await taken(2), id, 'vips/shared', 'pod/default/keepalived-0')).toEqual([
    ['warn', expect.stringMatching(/^Vip shared is taken by default\/keepalived-0 and default\/keepalived-1/)],
  ])
  expect(found(await taken(1), id, 'vips/shared', 'pod/default/keepalived-0')[0]?.[0]).toBe('pass')
})
