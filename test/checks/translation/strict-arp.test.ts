import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/strict-arp'

/** A recording of a VPC as it would look on a LAN. */
const onLan = (name: string, changes: Readonly<Record<string, Change>> = {}) =>
  variant(name, {
    'aws/': null,
    'kubernetes/nodes.json': editJson((nodes: Json) => {
      for (const { spec, status } of nodes.items) {
        delete spec.providerID
        status.nodeInfo.systemUUID = status.nodeInfo.systemUUID.replace(/^ec2/, '4c4')
      }
    }),
    ...changes,
  })
const local = editJson((services: Json) => {
  for (const { spec } of services.items) if (spec.type === 'LoadBalancer') spec.externalTrafficPolicy = 'Local'
})
const onlyOn = (node: string) =>
  editJson((slices: Json) => {
    for (const slice of slices.items)
      slice.endpoints = (slice.endpoints ?? []).filter(({ nodeName }: Json) => (nodeName ?? node) === node)
  })

test('strictARP leaves ARP to the announcer', async () => {
  expect(found(await onLan('ipvs'), id)).toEqual([
    ['pass', 'The nodes in IPVS mode leave ARP for 10.240.0.100 to the announcer.'],
  ])
})

test('without it every node claims the VIP', async () => {
  expect(found(await onLan('ipvs-no-strict-arp'), id)).toEqual([
    [
      'warn',
      'worker-0 and worker-1 answer ARP for 10.240.0.100 from the kernel (IPVS mode without strictARP), whoever announces it: clients send to whichever node answered last.',
    ],
  ])
})

test('with policy Local that loses the packets that reach a node without a pod', async () => {
  const evidence = await onLan('ipvs-no-strict-arp', {
    'kubernetes/services.json': local,
    'kubernetes/endpointslices.discovery.k8s.io.json': onlyOn('worker-0'),
  })
  const [finding] = found(evidence, id)
  expect(finding).toEqual([
    'warn',
    expect.stringContaining(
      'externalTrafficPolicy is Local: what reaches worker-1 is dropped, for no endpoint is there.',
    ),
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).not.toBe('reachable')
})

test('the setting of the device that faces the VIP counts, too', async () => {
  const set = (text: string) => text.replace('conf.eth0.arp_ignore = 0', 'conf.eth0.arp_ignore = 1')
  const evidence = await onLan('ipvs-no-strict-arp', {
    'nodes/worker-0/sysctl.txt': set,
    'nodes/worker-1/sysctl.txt': set,
  })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('settings that were not read are not known, and leave the verdict alone', async () => {
  const evidence = await onLan('ipvs', { 'nodes/worker-0/sysctl.txt': null })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})

test('in a VPC and in other modes it is no question', async () => {
  expect((await foundIn('ipvs-no-strict-arp', id))[0]).toEqual([
    'skipped',
    'EC2 delivers by ownership and by routes, and answers ARP itself: no packet hangs on an announcement.',
  ])
  expect((await foundIn('lan-healthy', id))[0]?.[0]).toBe('skipped')
})
