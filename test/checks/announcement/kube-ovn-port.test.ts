import { expect, test } from '@jest/globals'
import type { Json } from '../../kit/fixtures.ts'
import { kubeOvnCluster } from '../../kit/kube-ovn.ts'
import { found } from '../../kit/found.ts'

const id = 'announcement/kube-ovn-port'
const from = 'pod/default/keepalived-0'
const ofVip = async (cluster: Parameters<typeof kubeOvnCluster>[0], client = from) =>
  found(await kubeOvnCluster(cluster), id, 'vips/shared', client)
const ofRule = async (cluster: Parameters<typeof kubeOvnCluster>[0]) =>
  found(await kubeOvnCluster(cluster), id, 'switch-lb-rules/web', from)

test('pods that meet the four rules share the Vip', async () => {
  expect(await ofVip({})).toEqual([['pass', 'Vip shared is shared by default/keepalived-0 and default/keepalived-1.']])
})

test.each<[string, (pod: Json) => void, string]>([
  [
    'no annotation',
    ({ metadata }) => delete metadata.annotations['ovn.kubernetes.io/aaps'],
    'of those that it selects names shared in its annotation ovn.kubernetes.io/aaps',
  ],
  ['other labels', ({ metadata }) => (metadata.labels = { app: 'other' }), 'has the labels app: keepalived'],
  ['another namespace', ({ metadata }) => (metadata.namespace = 'shop'), 'has the labels app: keepalived'],
  [
    'another subnet',
    ({ metadata }) => (metadata.annotations['ovn.kubernetes.io/logical_switch'] = 'join'),
    'of those that it selects is attached to the subnet ovn-default',
  ],
])('KO-A02 the first rule that nobody meets is named: %s', async (name, pod, rule) => {
  const client = name === 'another namespace' ? 'pod/shop/keepalived-0' : from
  expect(await ofVip({ pod }, client)).toEqual([
    ['fail', `OVN's virtual port of Vip shared has no parent: no pod ${rule}.`],
  ])
})

test('KO-A01 without a namespace the Vip only reserves its address, unless a pod takes it', async () => {
  const vip = ({ spec }: Json) => delete spec.namespace
  expect(await ofVip({ vip })).toEqual([['fail', expect.stringMatching(/^Vip shared only reserves its address/)]])
  const pod = ({ metadata }: Json) => (metadata.annotations = { 'ovn.kubernetes.io/vip': 'shared' })
  expect(await ofVip({ vip, pod })).toEqual([['pass', expect.stringContaining('default/keepalived-0')]])
})

test('KO-A03 pods that cannot take the address', async () => {
  const pod = ({ spec }: Json) => delete spec.containers[0].securityContext
  expect(await ofVip({ pod })).toEqual([['warn', expect.stringContaining('none of their containers has NET_ADMIN')]])
})

test('KO-L01 a rule inside the clients’ subnet needs a Vip of type switch_lb_vip', async () => {
  expect(await ofRule({})).toEqual([
    ['pass', 'Vip web-vip of type switch_lb_vip holds 10.16.0.210 in the subnet ovn-default.'],
  ])
  expect(await ofRule({ lbVip: (vip) => (vip.gone = true) })).toEqual([
    [
      'fail',
      '10.16.0.210 lies in the subnet ovn-default, but no Vip of type switch_lb_vip holds it there, so pods of that subnet find nobody who answers for it.',
    ],
  ])
  expect(await ofRule({ lbVip: (vip) => (vip.status = {}) })).toEqual([
    ['fail', expect.stringContaining('does the router port ovn-cluster-ovn-default exist, with a MAC?')],
  ])
  expect(await ofRule({ rule: ({ spec }) => (spec.vip = '1.1.1.1') })).toEqual([
    ['pass', '1.1.1.1 lies in no subnet of OVN, so clients send it to their gateway, where OVN balances it.'],
  ])
})

test('KO-V10 a switch_lb_vip that is not allocated asks for the router port', async () => {
  const of = async (mac: string) =>
    found(
      await kubeOvnCluster({
        lbVip: ({ status }) => {
          status.mac = mac
        },
      }),
      id,
      'switch-lb-rules/web',
      'pod/default/keepalived-0',
    )
  expect(await of('')).toEqual([
    ['fail', expect.stringContaining('does the router port ovn-cluster-ovn-default exist, with a MAC?')],
  ])
  expect((await of('00:00:00:7A:11:03'))[0]?.[0]).toBe('pass')
})
