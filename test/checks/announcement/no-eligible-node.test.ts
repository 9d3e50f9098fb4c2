import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'
import { layer2, oldMetallb } from '../../kit/old-metallb.ts'

const id = 'announcement/no-eligible-node'
const label = 'node.kubernetes.io/exclude-from-external-load-balancers'

const nodes = (edit: (node: Json) => void): Record<string, Change> => ({
  'kubernetes/nodes.json': editJson((list: Json) => {
    for (const node of list.items) edit(node)
  }),
})
const noSpeakerOn = (...names: readonly string[]): Record<string, Change> => ({
  'kubernetes/pods.json': editJson((list: Json) => {
    list.items = list.items.filter(
      ({ metadata, spec }: Json) => metadata.labels?.component !== 'speaker' || !names.includes(spec.nodeName),
    )
  }),
  'kubernetes/daemonsets.apps.json': editJson((list: Json) => {
    for (const { metadata, status } of list.items)
      if (metadata.name === 'speaker') status.numberReady = status.desiredNumberScheduled = 4 - names.length
  }),
})

test('the label puts a node out with any value, and nobody is left', async () => {
  const evidence = await variant('lan-healthy', {
    ...nodes(({ metadata }) => (metadata.labels[label] = 'false')),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      `No node may announce 10.240.0.100: controller-0, controller-1, worker-0 and worker-1 carry the label ${label}.`,
    ],
  ])
})

test('where a speaker still announces, that is said', async () => {
  const evidence = await variant(
    'lan-healthy',
    nodes(({ metadata }) => (metadata.labels[label] = '')),
  )
  expect(found(evidence, id)).toEqual([
    ['pass', expect.stringMatching(/^controller-0 reports that it announces 10\.240\.0\.100, although controller-0, /)],
  ])
})

test('every filter is named with the nodes that it puts out', async () => {
  const evidence = await variant('lan-healthy', {
    ...noSpeakerOn('worker-1'),
    ...nodes(({ metadata, status }) => {
      if (metadata.name === 'controller-0') metadata.labels[label] = ''
      if (metadata.name === 'controller-1') status.conditions.push({ type: 'NetworkUnavailable', status: 'True' })
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'pass',
      `worker-0 may announce 10.240.0.100; controller-0 carries the label ${label}; controller-1 has the condition NetworkUnavailable; worker-1 has no speaker.`,
    ],
  ])
})

test('with --ignore-exclude-lb, and before 0.14, the label does not count', async () => {
  const labels = nodes(({ metadata }) => (metadata.labels[label] = ''))
  const flagged = await variant('lan-healthy', {
    ...labels,
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.labels?.component === 'speaker') spec.containers[0].args.push('--ignore-exclude-lb')
    }),
  })
  const old = await variant('lan-healthy', {
    ...labels,
    'kubernetes/pods.json': (text) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, '$1:v0.13.12'),
  })
  for (const evidence of [flagged, old]) expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('a speaker that only its DaemonSet counts may be on any node', async () => {
  const { 'kubernetes/pods.json': pods = '' } = noSpeakerOn('worker-1')
  const evidence = await variant('lan-healthy', { 'kubernetes/pods.json': pods })
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      'It is not known which nodes may announce 10.240.0.100 (kubernetes/pods.json: lacks speakers: it shows 3, and DaemonSet metallb-system/speaker counts 4 that are ready).',
    ],
  ])
})

test('with Local only a node with an endpoint may announce', async () => {
  const local = {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name === 'nginx-lb') spec.externalTrafficPolicy = 'Local'
    }),
  }
  const some = await variant('lan-healthy', local)
  expect(found(some, id)).toEqual([
    ['pass', expect.stringContaining('controller-0 and controller-1 have no ready endpoint of their own')],
  ])
  const none = await variant('lan-healthy', {
    ...local,
    ...noSpeakerOn('worker-0', 'worker-1'),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
  })
  expect(found(none, id)).toEqual([
    [
      'fail',
      'No node may announce 10.240.0.100: controller-0 and controller-1 have no ready endpoint of their own; worker-0 and worker-1 have no speaker.',
    ],
  ])
})

test('on EC2 it only warns', async () => {
  const evidence = await variant('hard-way-healthy', {
    ...nodes(({ metadata }) => (metadata.labels[label] = '')),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
  })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringMatching(/ EC2 delivers by ownership, so this stops no packet\.$/)],
  ])
})

test('what other checks speak of is left to them', async () => {
  expect((await foundIn('lan-no-node-selected', id))[0]?.[0]).toBe('skipped')
  expect((await foundIn('hard-way-four-faults', id))[0]?.[0]).toBe('skipped')
})

test('nodes that are cordoned announce nothing in 0.14.9, and in no other release', async () => {
  const cordoned = (version: string) =>
    variant('lan-healthy', {
      ...nodes(({ spec }) => (spec.unschedulable = true)),
      'kubernetes/pods.json': (text) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, `$1:v${version}`),
      'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
    })
  const { findings } = diagnosisOf(await cordoned('0.14.9'), 'default/nginx-lb')
  const finding = findings.find((one) => one.id === id)
  expect([finding?.says, finding?.fix?.commands[0]]).toEqual([
    'No node may announce 10.240.0.100: controller-0, controller-1, worker-0 and worker-1 are cordoned.',
    'kubectl uncordon controller-0',
  ])
  for (const version of ['0.14.8', '0.15.0']) expect(found(await cordoned(version), id)[0]?.[0]).toBe('pass')
})

test('a condition NetworkUnavailable that nobody cleared puts every node out', async () => {
  const evidence = await variant('lan-healthy', {
    ...nodes(({ status }) =>
      status.conditions.push({ type: 'NetworkUnavailable', status: 'True', reason: 'NoRouteCreated' }),
    ),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
  })
  const finding = diagnosisOf(evidence, 'default/nginx-lb').findings.find((one) => one.id === id)
  expect([finding?.status, finding?.look.length]).toEqual(['fail', 4])
  expect(finding?.says).toMatch(/have the condition NetworkUnavailable\.$/)
})

test('a label that Talos would set again is given up in its machine configuration', async () => {
  const evidence = await variant('lan-healthy', {
    ...nodes(({ metadata, status }) => {
      metadata.labels[label] = ''
      status.nodeInfo.osImage = metadata.name.startsWith('controller-') ? 'Talos (v1.9.5)' : 'Ubuntu 24.04 LTS'
    }),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => (list.items = [])),
  })
  const fix = diagnosisOf(evidence, 'default/nginx-lb').causes[0]?.fix
  const patch = `-p '{"machine":{"nodeLabels":{"${label}":{"$patch":"delete"}}}}'`
  expect(fix?.commands).toEqual([
    `talosctl -n 10.240.0.10 patch machineconfig ${patch}`,
    `talosctl -n 10.240.0.11 patch machineconfig ${patch}`,
    `kubectl label node worker-0 ${label}-`,
    `kubectl label node worker-1 ${label}-`,
  ])
  expect(fix?.changes).toMatch(/Talos sets the labels of its machine configuration again/)
})

test('before 0.11 a node without an endpoint announces nothing, also for a Service that is Cluster', async () => {
  const old = (local: boolean) =>
    oldMetallb(
      layer2,
      {
        'kubernetes/pods.json': (text: string) =>
          (noSpeakerOn('worker-0', 'worker-1')['kubernetes/pods.json'] as (text: string) => string)(
            text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, '$1:v0.10.3'),
          ),
        'kubernetes/daemonsets.apps.json':
          noSpeakerOn('worker-0', 'worker-1')['kubernetes/daemonsets.apps.json'] ?? null,
        'kubernetes/events.json': editJson((list: Json) => (list.items = [])),
        'kubernetes/services.json': editJson((list: Json) => {
          for (const { metadata, spec } of list.items)
            if (metadata.name === 'nginx-lb') spec.externalTrafficPolicy = local ? 'Local' : 'Cluster'
        }),
      },
      { version: '0.10.3' },
    )
  const advice = async (local: boolean) => {
    const [cause] = diagnosisOf(await old(local), 'default/nginx-lb').causes
    expect(cause?.id).toBe(id)
    return cause?.advice
  }
  expect(await advice(false)).toBe(
    'MetalLB 0.10.3 lets only a node with one of them announce, whatever externalTrafficPolicy says: schedule a pod on a node whose speaker lives, or bring MetalLB to 0.11 or later.',
  )
  expect(await advice(true)).toBe(
    'With externalTrafficPolicy Local only a node with one of them may announce: schedule a pod on a node whose speaker lives.',
  )
})
