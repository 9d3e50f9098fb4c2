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

test('it is the cause, too, where the pods are new and no node has taken them', async () => {
  const isWorker = (name: string): boolean => name.startsWith('worker-')
  const message = '0/4 nodes are available: 4 node(s) had untolerated taint(s). no new claims to deallocate.'
  const evidence = await variant('lan-healthy', {
    'kubernetes/nodes.json': editJson((list: Json) => {
      for (const { metadata, spec, status } of list.items) {
        const key = isWorker(metadata.name) ? 'node.kubernetes.io/not-ready' : 'node-role.kubernetes.io/control-plane'
        spec.taints = [{ key, effect: 'NoSchedule' }]
        if (!isWorker(metadata.name)) continue
        const ready = status.conditions.find(({ type }: Json) => type === 'Ready')
        Object.assign(ready, {
          status: 'False',
          message: 'container runtime network not ready: cni plugin not initialized',
        })
      }
    }),
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const pod of list.items.filter(({ metadata }: Json) => metadata.labels?.app === 'nginx')) {
        delete pod.spec.nodeName
        const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]
        pod.status = { phase: 'Pending', conditions }
      }
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const slice of list.items.filter(({ metadata }: Json) => metadata.name.startsWith('nginx-lb')))
        slice.endpoints = []
    }),
  })
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => cause.id)).not.toContain('endpoint/ready')
  const cause = causes.find((one) => one.id === id)
  expect(cause?.says).toBe(
    'worker-0 has no pod network: kubelet says that the network plugin is not ready. The same holds on worker-1.',
  )
  expect(cause?.consequences.map(({ says }) => says)).toContainEqual(
    expect.stringMatching(
      /its 2 pods have no address; pod default\/nginx-\S+ has found no node: 0\/4 nodes are available: 4 node\(s\) had untolerated taint\(s\)\.$/,
    ),
  )
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
