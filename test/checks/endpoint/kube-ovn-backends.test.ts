import { expect, test } from '@jest/globals'
import { kubeOvnCluster } from '../../kit/kube-ovn.ts'
import { found } from '../../kit/found.ts'

const id = 'endpoint/kube-ovn-backends'
const from = 'pod/default/keepalived-0'

test('KO-L02 the endpoints of the rule’s Service', async () => {
  const of = async (cluster: Parameters<typeof kubeOvnCluster>[0]) =>
    found(await kubeOvnCluster(cluster), id, 'switch-lb-rules/web', from)
  expect(await of({})).toEqual([['pass', 'SwitchLBRule web has 1 ready endpoint.']])
  const empty = (slice: { endpoints: unknown }) => {
    slice.endpoints = null
  }
  expect(await of({ slice: empty })).toEqual([
    ['fail', 'Nothing stands behind SwitchLBRule web: none of the 2 pods that it selects is a ready endpoint.'],
  ])
  expect(
    await of({
      slice: empty,
      rule: ({ spec }) => {
        spec.selector = ['app:none']
      },
    }),
  ).toEqual([
    ['fail', 'Nothing stands behind SwitchLBRule web: no pod of the namespace default has the labels app:none.'],
  ])
  expect(
    await of({
      slice: empty,
      rule: ({ spec }) => {
        spec.endpoints = ['10.16.0.11']
      },
    }),
  ).toEqual([['pass', 'SwitchLBRule web lists 1 endpoint by itself, whatever it selects.']])
})

test('the pods that share a Vip', async () => {
  expect(found(await kubeOvnCluster(), id, 'vips/shared', from)).toEqual([
    ['pass', 'Behind Vip shared default/keepalived-0 and default/keepalived-1 are ready.'],
  ])
  const crashed = await kubeOvnCluster({
    pod: ({ status }) => {
      status.conditions[0].status = 'False'
    },
  })
  expect(found(crashed, id, 'vips/shared', from)).toEqual([['fail', 'None of the 2 pods behind Vip shared is ready.']])
})

test('KO-L04 a health check without an address to probe from', async () => {
  const of = async (value: string, vip = 'other') =>
    found(
      await kubeOvnCluster({
        rule: (rule) => {
          rule.metadata.annotations = { 'ovn.kubernetes.io/service_health_check': value }
          rule.spec.selector = ['app:keepalived']
        },
        lbVip: (own) => {
          own.metadata.name = vip
        },
      }),
      id,
      'switch-lb-rules/web',
      from,
    )
  expect(await of('true')).toEqual([
    [
      'warn',
      expect.stringMatching(/^SwitchLBRule web has a health check, but no Vip is named ovn-default like the subnet/),
    ],
  ])
  expect((await of('true', 'ovn-default'))[0]?.[0]).toBe('pass')
  expect((await of('false'))[0]?.[0]).toBe('pass')
})
