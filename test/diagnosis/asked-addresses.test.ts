import { describe, expect, test } from '@jest/globals'
import { askedAddresses } from '../../src/lb/asked-addresses.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { editJson, variant, type Json } from '../kit/fixtures.ts'
import { kubeVipCluster } from '../kit/kube-vip.ts'

const bastion = '10.240.0.50'

test.each([
  ['spec.loadBalancerIP', { spec: { loadBalancerIP: '10.0.0.5' } }, ['10.0.0.5']],
  ['MetalLB’s annotation', annotated('metallb.io/loadBalancerIPs', '10.0.0.5'), ['10.0.0.5']],
  [
    'its old prefix, both families',
    annotated('metallb.universe.tf/loadBalancerIPs', '10.0.0.5, fd00::5'),
    ['10.0.0.5', 'fd00::5'],
  ],
  ['kube-vip’s', annotated('kube-vip.io/loadbalancerIPs', '10.0.0.5,10.0.0.6'), ['10.0.0.5', '10.0.0.6']],
  ['Cilium’s', annotated('lbipam.cilium.io/ips', '10.0.0.5'), ['10.0.0.5']],
  ['Calico’s list', annotated('projectcalico.org/loadBalancerIPs', '["10.0.0.5"]'), ['10.0.0.5']],
  ['a spelling that nobody reads', annotated('metallb.universe.tf/loadBalancerIP', '10.0.0.5'), ['10.0.0.5']],
  ['DHCP of kube-vip', annotated('kube-vip.io/loadbalancerIPs', '0.0.0.0'), ['0.0.0.0']],
  ['another annotation', annotated('metallb.io/address-pool', '10.0.0.5'), []],
])('a Service asks by %s', (_, service, addresses) => {
  expect(askedAddresses(service as Json).map(({ address }) => address.text)).toEqual(addresses)
})

function annotated(name: string, text: string) {
  return { metadata: { annotations: { [name]: text } } }
}

/** nginx-lb, which asks for an address in a way of its own; pending unless it keeps what it has. */
const asking = (change: Json, keeps = false) =>
  variant('lan-healthy', {
    'kubernetes/services.json': editJson(({ items }: Json) => {
      const service = items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')
      service.metadata.annotations = { ...(keeps ? service.metadata.annotations : {}), ...change.annotations }
      Object.assign(service.spec, change.spec)
      if (!keeps) service.status = { loadBalancer: {} }
    }),
  })

describe('an address that a Service asked for and did not get is about that Service', () => {
  test.each([
    ['spec.loadBalancerIP', { spec: { loadBalancerIP: '10.99.0.5' } }],
    ['the annotation', { annotations: { 'metallb.io/loadBalancerIPs': '10.99.0.5' } }],
    ['the old annotation', { annotations: { 'metallb.universe.tf/loadBalancerIPs': '10.99.0.5' } }],
  ])('by %s: it is in no pool', async (_, change) => {
    const { question, verdict, causes } = diagnosisOf(await asking(change), '10.99.0.5:80', bastion)
    expect([question.about, verdict, causes[0]?.id, causes[0]?.reason]).toEqual([
      'service',
      'unreachable',
      'assignment/request-refused',
      'address-in-no-pool',
    ])
  })

  test('of two in one list, the second too', async () => {
    const evidence = await asking({ annotations: { 'metallb.io/loadBalancerIPs': '10.240.0.101,10.99.0.6' } })
    expect(diagnosisOf(evidence, '10.99.0.6:80', bastion).causes[0]).toMatchObject({
      id: 'assignment/request-refused',
      reason: 'two-of-one-family',
    })
  })

  test.each(['metallb.universe.tf/loadBalancerIP', 'kube-vip.io/loadbalancerIPs'])(
    'by %s, which MetalLB does not read: it has another, and is told how to ask',
    async (annotation) => {
      const evidence = await asking({ annotations: { [annotation]: '10.240.0.105' } }, true)
      expect(diagnosisOf(evidence, '10.240.0.105:80', bastion).causes[0]).toMatchObject({
        id: 'assignment/vip-assigned',
        reason: 'annotation-not-read',
        says: `Service default/nginx-lb has 10.240.0.100, and not the address that was asked for: MetalLB, which serves it, does not read the annotation ${annotation}, but metallb.io/loadBalancerIPs.`,
        fix: {
          commands: [
            `kubectl -n default annotate service nginx-lb metallb.io/loadBalancerIPs=10.240.0.105 ${annotation}-`,
          ],
        },
      })
    },
  )

  test('of kube-vip, which has not written it into the status', async () => {
    const evidence = await kubeVipCluster({
      service: (service: Json) => {
        service.metadata.annotations = { 'kube-vip.io/loadbalancerIPs': '10.240.0.107' }
        service.status = { loadBalancer: {} }
      },
    })
    const { question, causes } = diagnosisOf(evidence, '10.240.0.107', bastion)
    expect([question.about, causes[0]?.id]).toEqual(['service', 'assignment/vip-assigned'])
  })
})
