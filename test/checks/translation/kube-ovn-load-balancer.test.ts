import { expect, test } from '@jest/globals'
import { editJson, type Json } from '../../kit/fixtures.ts'
import { kubeOvnCluster } from '../../kit/kube-ovn.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found } from '../../kit/found.ts'

const id = 'translation/kube-ovn-load-balancer'
const from = 'pod/default/keepalived-0'

test('KO-L03 load balancers are on, or off for the subnet, or altogether', async () => {
  expect(found(await kubeOvnCluster(), id, 'switch-lb-rules/web', from)).toEqual([
    ['pass', 'OVN balances 10.16.0.210 for the pods of the subnet ovn-default.'],
  ])
  const subnet = ({ spec }: Json) => {
    spec.enableLb = false
  }
  expect(found(await kubeOvnCluster({ subnet }), id, 'switch-lb-rules/web', from)).toEqual([
    ['fail', 'The subnet ovn-default has enableLb false, so OVN does not balance 10.16.0.210 for its pods.'],
  ])
  const off = await kubeOvnCluster({
    changes: {
      'kubernetes/deployments.apps.json': editJson((list: Json) => {
        list.items.push({
          metadata: { name: 'kube-ovn-controller', namespace: 'kube-system' },
          spec: { template: { spec: { containers: [{ name: 'kube-ovn-controller', args: ['--enable-lb=false'] }] } } },
        })
      }),
    },
  })
  expect(found(off, id, 'switch-lb-rules/web', from)).toEqual([
    ['fail', 'kube-ovn-controller runs with --enable-lb=false, so OVN has no load balancers at all.'],
  ])
  const [cause] = diagnosisOf(off, 'switch-lb-rules/web', from).causes
  expect(cause?.fix?.commands).toEqual([
    `kubectl -n kube-system patch deployment kube-ovn-controller --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/args/0","value":"--enable-lb=true"}]'`,
  ])
})

test('a Vip is not translated', async () => {
  expect(found(await kubeOvnCluster(), id, 'vips/shared', from)).toEqual([
    ['skipped', 'A Vip is not translated: its pods hold the address themselves.'],
  ])
})
