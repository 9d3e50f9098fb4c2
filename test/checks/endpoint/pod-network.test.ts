import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'endpoint/pod-network'

test('pods with addresses pass', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'Each pod of Service default/nginx-lb has an address (2).'],
  ])
})

test('pods without one are named with their nodes', async () => {
  expect(await foundIn('hard-way-four-faults', id)).toEqual([
    [
      'fail',
      '2 of 2 pods of Service default/nginx-lb have no network: nginx-f4c86c6c4-bhv4p on worker-0, nginx-f4c86c6c4-n5ldv on worker-1.',
    ],
  ])
})

const failing = (message: string, reason = 'FailedCreatePodSandBox') =>
  variant('hard-way-four-faults', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name.startsWith('nginx-')) Object.assign(metadata, { name: `nginx-${String(spec.nodeName)}` })
    }),
    'kubernetes/events.json': editJson((list: Json) => {
      const event = (text: string, lastTimestamp: string) => ({
        kind: 'Event',
        metadata: { name: `e-${lastTimestamp}`, namespace: 'default' },
        involvedObject: { kind: 'Pod', namespace: 'default', name: 'nginx-worker-0' },
        reason,
        message: text,
        lastTimestamp,
      })
      list.items.push(event(message, '2026-05-01T12:00:01Z'), event('something older', '2026-05-01T12:00:00Z'))
    }),
  })

const sandbox =
  'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4f": '

test.each([
  [
    'plugin type="bridge" failed (add): failed to find plugin "bridge" in path [/opt/cni/bin]',
    'the CNI plugin bridge is not in /opt/cni/bin',
    'ssh worker-0 sudo ls -l /opt/cni/bin',
  ],
  [
    'plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.200.2.1-10.200.2.254',
    'no address is left in 10.200.2.1-10.200.2.254',
    'ssh worker-0 sudo find /var/lib/cni/networks -type f',
  ],
  [
    'plugin type="bridge" failed (add): failed to set bridge addr: "cni0" already has an IP address different from 10.200.2.1/24',
    'the bridge cni0 of its node has another address than 10.200.2.1/24',
    'ssh worker-0 sudo ip addr show cni0',
  ],
  [
    'plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory',
    'the agent of flannel does not run on its node',
    'kubectl -n kube-flannel get pods -l app=flannel -o wide --field-selector spec.nodeName=worker-0',
  ],
  [
    'plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/',
    'the agent of Calico does not run on its node',
    'kubectl -n kube-system get pods -l k8s-app=calico-node -o wide --field-selector spec.nodeName=worker-0',
  ],
  [
    'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
    'Calico’s plugin is refused by the API server',
    'kubectl -n kube-system delete pod -l k8s-app=calico-node --field-selector spec.nodeName=worker-0',
  ],
  [
    'plugin type="cilium-cni" failed (add): unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout: Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory',
    'the agent of Cilium does not run on its node',
    'kubectl -n kube-system get pods -l k8s-app=cilium -o wide --field-selector spec.nodeName=worker-0',
  ],
])('what kubelet says of it: %s', async (message, cause, command) => {
  const evidence = await failing(sandbox + message)
  expect(found(evidence, id)).toEqual([['fail', expect.stringContaining(`on worker-1. Of nginx-worker-0: ${cause}.`)]])
  const all = diagnosisOf(evidence, 'default/nginx-lb').findings
  const finding = all.find((one) => one.id === id)
  expect([...(finding?.look ?? []), ...(finding?.fix?.commands ?? [])]).toEqual([command])
})

test('a text that is not known is quoted', async () => {
  expect(found(await failing(`${sandbox}something new`), id)).toEqual([
    ['fail', expect.stringMatching(/: kubelet says “failed to setup network for sandbox "4f": something new”\.$/)],
  ])
  const text =
    'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'
  expect(found(await failing(text, 'NetworkNotReady'), id)).toEqual([
    ['fail', expect.stringContaining('its node has no CNI configuration.')],
  ])
})
