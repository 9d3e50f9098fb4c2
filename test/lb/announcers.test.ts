import { describe, expect, test } from '@jest/globals'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { known } from '../../src/evidence/gap.ts'
import { everyQuestion } from '../../src/diagnosis/targets.ts'
import { announcers, announcing, candidates, servedBy } from '../../src/lb/announcers.ts'
import { fixture, variant, type Json } from '../kit/fixtures.ts'
import { kubeOvnCluster } from '../kit/kube-ovn.ts'
import { kubeVipCluster } from '../kit/kube-vip.ts'
import { also, withoutMetallbAnd } from '../kit/other-systems.ts'

const asked = { client: { kind: 'vpc' }, fabric: 'lan', vpcId: null } as const
const questionOf = (evidence: Evidence, vip: string) => {
  const found = everyQuestion(evidence, asked).find((question) => question.vip?.text === vip)
  if (found === undefined) throw new Error(`nothing has the VIP ${vip}`)
  return found
}
const server = (evidence: Evidence, vip = '10.240.0.100') =>
  servedBy(evidence, questionOf(evidence, vip))?.announcer.name ?? null
const marked = (change: (service: Json) => void) => withoutMetallbAnd(change)
const unmarked = () => marked(() => undefined)
const svclb = {
  metadata: {
    name: 'svclb-nginx-lb-abcde',
    namespace: 'kube-system',
    labels: {
      'svccontroller.k3s.cattle.io/svcname': 'nginx-lb',
      'svccontroller.k3s.cattle.io/svcnamespace': 'default',
    },
  },
  spec: { nodeName: 'worker-1', containers: [{ name: 'lb-tcp-80', image: 'rancher/klipper-lb:v0.4.9' }] },
  status: { phase: 'Running' },
}

describe('who serves a VIP', () => {
  test.each<[string, () => Promise<Evidence>, string | null]>([
    ['MetalLB by its mark', () => fixture('lan-healthy'), 'MetalLB'],
    ['kube-vip where it is alone', () => kubeVipCluster(), 'kube-vip'],
    ['MetalLB beside kube-vip, by its mark', () => kubeVipCluster({ metallb: true }), 'MetalLB'],
    ['nobody, where nothing is left', unmarked, null],
    [
      'Cilium by its class',
      () =>
        marked(({ spec }) => {
          spec.loadBalancerClass = 'io.cilium/l2-announcer'
        }),
      'Cilium',
    ],
    [
      'a cloud by the host name that it wrote',
      () =>
        marked(({ status }) => {
          status.loadBalancer.ingress.push({ hostname: 'lb.example' })
        }),
      'a cloud controller',
    ],
    [
      'ServiceLB by its pods, though MetalLB left a mark before it went',
      () =>
        withoutMetallbAnd(
          ({ metadata }) => {
            metadata.annotations = { 'metallb.io/ip-allocated-from-pool': 'first-pool' }
          },
          { 'kubernetes/pods.json': also(svclb) },
        ),
      'k3s ServiceLB',
    ],
  ])('%s', async (_, evidence, name) => {
    expect(server(await evidence())).toBe(name)
  })

  test('kube-vip serves the control plane, and OVN what lies in it', async () => {
    expect(server(await fixture('control-plane-vip'), '10.240.0.5')).toBe('kube-vip')
    expect(server(await kubeOvnCluster(), '10.16.0.210')).toBe('Kube-OVN')
  })
})

test('who announces is what the one that serves it says', async () => {
  const evidence = await withoutMetallbAnd(() => undefined, { 'kubernetes/pods.json': also(svclb) })
  const { observed, told } = announcing(evidence, questionOf(evidence, '10.240.0.100'))
  expect([known(observed), told?.says]).toEqual([['worker-1'], 'its pods run on worker-1'])
})

test.each([
  ['keepalived on worker-0', '/usr/sbin/keepalived --dont-fork'],
  ['Pacemaker on worker-0', '/usr/sbin/pacemakerd'],
])('%s announces by orders of its own: it is named, and serves nothing for that', async (program, command) => {
  const evidence = await variant('lan-healthy', {
    'nodes/worker-0/processes.txt': `    PID COMMAND\n      1 /sbin/init\n    812 ${command}\n`,
  })
  expect(candidates(evidence).map(({ name }) => name)).toEqual([program])
  expect(server(evidence)).toBe('MetalLB')
})

test('each announcer has a name of its own, in the list once', () => {
  expect(new Set(announcers.map(({ name }) => name)).size).toBe(announcers.length)
})
