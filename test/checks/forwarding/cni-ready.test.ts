import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/cni-ready'

test('a Ready node with a CNI configuration passes', async () => {
  expect(await foundIn('hard-way-healthy', id)).toContainEqual([
    'pass',
    'worker-0 is Ready and has the CNI configuration 10-bridge.conf.',
  ])
})

test('kubelet’s words and the missing configuration are both shown', async () => {
  const [[status, says] = []] = await foundIn('hard-way-four-faults', id)
  expect(status).toBe('fail')
  expect(says).toBe(
    'worker-0 has no pod network: kubelet says that the network plugin is not ready, and there is no CNI configuration in /etc/cni/net.d. The same holds on worker-1, controller-0 and controller-1.',
  )
})

test('one of two endpoint nodes without a network loses a part of the packets', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/worker-1/cni-conf.txt': "ls: cannot access '/etc/cni/net.d': No such file or directory\n",
  })
  const { verdict } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(found(evidence, id)).toContainEqual([
    'warn',
    expect.stringMatching(/^worker-1 has no pod network.*on 1 of the 2 nodes/),
  ])
  expect(verdict).toBe('inconclusive')
})

test('NetworkUnavailable is a failure, its absence is not', async () => {
  const evidence = await variant('hard-way-healthy', {
    'kubernetes/nodes.json': editJson((list: Json) => {
      for (const { status } of list.items)
        status.conditions.push({ type: 'NetworkUnavailable', status: 'True', reason: 'NoRouteCreated' })
    }),
  })
  expect(found(evidence, id)[0]).toEqual([
    'fail',
    expect.stringContaining('its condition NetworkUnavailable is True (NoRouteCreated)'),
  ])
})

test.each([
  [
    'CalicoIsDown',
    'kubectl -n kube-system get pods -l k8s-app=calico-node -o wide --field-selector spec.nodeName=worker-0',
  ],
  [
    'JoinSubnetGatewayUnreachable',
    'kubectl -n kube-system get pods -l app=kube-ovn-cni -o wide --field-selector spec.nodeName=worker-0',
  ],
  ['NoRouteCreated', 'kubectl describe node worker-0'],
])('where to look at NetworkUnavailable with the reason %s', async (reason, command) => {
  const evidence = await variant('etp-local', {
    'kubernetes/nodes.json': editJson((list: Json) => {
      list.items
        .find(({ metadata }: Json) => metadata.name === 'worker-0')
        .status.conditions.push({ type: 'NetworkUnavailable', status: 'True', reason })
    }),
  })
  const finding = diagnosisOf(evidence, 'default/nginx-lb').findings.find((one) => one.id === id && one.look.length > 0)
  expect(finding?.says).toBe(`worker-0 has no pod network: its condition NetworkUnavailable is True (${reason}).`)
  expect([finding?.look, finding?.fix]).toEqual([[command], null])
})
