import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'endpoint/vip-bound'

test('the leader that owns the address and listens passes', async () => {
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'controller-1 holds 10.240.0.5 on eth0, and kube-apiserver listens on port 6443.'],
  ])
})

test('an owner that does not hold the address fails, and the leader is named', async () => {
  expect(await foundIn('control-plane-vip-moved', id, '10.240.0.5')).toEqual([
    [
      'fail',
      "controller-0 receives the packets for 10.240.0.5, but none of its interfaces holds the address; kube-vip's leader is controller-1.",
    ],
  ])
})

test('an address without a socket fails', async () => {
  const evidence = await variant('control-plane-vip', {
    'nodes/controller-1/ss-listen.txt': (text) => text.replace('*:6443', '127.0.0.1:6443'),
  })
  expect(found(evidence, id, '10.240.0.5')).toEqual([
    ['fail', 'controller-1 holds 10.240.0.5 on eth0, but nothing there listens on tcp port 6443 of it.'],
  ])
})

test('without the node’s sockets it is unknown', async () => {
  const evidence = await variant('control-plane-vip', { 'nodes/controller-1/ss-listen.txt': null })
  expect(found(evidence, id, '10.240.0.5')).toEqual([
    ['unknown', expect.stringContaining('ss-listen.txt: not in the evidence')],
  ])
})

test('an owner without the address follows from kube-vip’s pods that crash', async () => {
  const evidence = await variant('control-plane-vip-moved', {
    'kubernetes/pods.json': editJson(({ items }) => {
      for (const { status } of items.filter(({ metadata }: Json) => metadata.name.startsWith('kube-vip-'))) {
        status.conditions.find(({ type }: Json) => type === 'Ready').status = 'False'
        status.containerStatuses[0].restartCount = 7
      }
    }),
    'nodes/controller-1/ip-addr.json': editJson((links: Json) => {
      for (const link of links) link.addr_info = link.addr_info.filter(({ local }: Json) => local !== '10.240.0.5')
    }),
  })
  const { causes } = diagnosisOf(evidence, '10.240.0.5')
  expect(causes.map((cause) => [cause.id, cause.consequences.map((one) => one.id)])).toEqual([
    ['control/kube-vip', expect.arrayContaining([id])],
  ])
})

/** lan-healthy, where a pod of worker-0 has a hostPort, and what the plugin portmap makes of it. */
const withHostPort = (rules: boolean, changes: Readonly<Record<string, Change>> = {}) =>
  variant('lan-healthy', {
    'kubernetes/pods.json': editJson(({ items }) => {
      const pod = items.find(
        ({ metadata, spec }: Json) => metadata.name.startsWith('nginx') && spec.nodeName === 'worker-0',
      )
      pod.spec.containers[0].ports = [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }]
    }),
    'nodes/worker-0/iptables-nft-save.txt': (text) =>
      rules
        ? text.replace(/\*nat\n[^*]*?(?=COMMIT)/, (nat) =>
            [
              nat.replace('*nat\n', '*nat\n:CNI-HOSTPORT-DNAT - [0:0]\n:CNI-DN-7a3f - [0:0]\n').trimEnd(),
              '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
              '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: bridge" -m multiport --dports 8080 -j CNI-DN-7a3f',
              '-A CNI-DN-7a3f -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.200.2.3:80',
              '',
            ].join('\n'),
          )
        : text,
    ...changes,
  })
const place = '10.240.0.20:8080'

test('a hostPort leads to its pod', async () => {
  const evidence = await withHostPort(true)
  expect(found(evidence, id, place)).toEqual([
    [
      'pass',
      'worker-0 translates 10.240.0.20:8080 to 10.200.2.3:80, pod default/nginx-f4c86c6c4-7wlnq, whose hostPort it is.',
    ],
  ])
  expect(diagnosisOf(evidence, place).verdict).toBe('reachable')
})

test('a hostPort for which the CNI made no rule is the cause', async () => {
  const evidence = await withHostPort(false)
  expect(found(evidence, id, place)).toEqual([
    [
      'fail',
      'Pod default/nginx-f4c86c6c4-7wlnq asks for 10.240.0.20:8080 by its hostPort, but no rule of worker-0 translates that to 10.200.2.3.',
    ],
  ])
  expect(diagnosisOf(evidence, place).causes.map(({ reason }) => reason)).toEqual(['host-port-not-translated'])
})

test('of a hostPort whose pod is not ready, or whose rules were not all read, it is not known whether it answers', async () => {
  const notReady = await withHostPort(true, {
    'kubernetes/pods.json': editJson(({ items }) => {
      const pod = items.find(
        ({ metadata, spec }: Json) => metadata.name.startsWith('nginx') && spec.nodeName === 'worker-0',
      )
      pod.spec.containers[0].ports = [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }]
      pod.status.conditions.find(({ type }: Json) => type === 'Ready').status = 'False'
    }),
  })
  const unread = await withHostPort(false, { 'nodes/worker-0/nft-ruleset.json': null })
  expect([notReady, unread].map((evidence) => found(evidence, id, place)[0]?.[0])).toEqual(['unknown', 'unknown'])
})
