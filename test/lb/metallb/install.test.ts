import { expect, test } from '@jest/globals'
import { metallbInstalled, metallbPods, metallbSettings, olderThan } from '../../../src/lb/metallb/install.ts'
import { editJson, fixture, variant, type Change, type Json } from '../../kit/fixtures.ts'

const speakers = (edit: (pod: Json) => void): Record<string, Change> => ({
  'kubernetes/pods.json': editJson((list: Json) => {
    for (const pod of list.items) if (pod.metadata.labels?.component === 'speaker') edit(pod)
  }),
})

test.each<[string, (pod: Json) => void]>([
  ['the manifests', () => undefined],
  [
    'the chart',
    ({ metadata }) => {
      metadata.labels = { 'app.kubernetes.io/name': 'metallb', 'app.kubernetes.io/component': 'speaker' }
    },
  ],
  [
    'the operator',
    ({ metadata }) => {
      metadata.labels = { 'app.kubernetes.io/name': 'metallb', component: 'speaker' }
    },
  ],
  [
    'somebody’s own manifests, by the image',
    ({ metadata, spec }) => {
      metadata.labels = { app: 'lb' }
      spec.containers[0].image = 'registry.example/mirror/metallb/speaker:v0.16.1'
    },
  ],
])('finds the speakers of %s', async (_, edit) => {
  const found = metallbPods(await variant('lan-healthy', speakers(edit)), 'speaker')
  expect('gap' in found ? found : found.map(({ spec }) => spec?.nodeName).sort()).toEqual([
    'controller-0',
    'controller-1',
    'worker-0',
    'worker-1',
  ])
})

test('reads version, namespace, class and switches from the speaker', async () => {
  expect(metallbSettings(await fixture('lan-healthy'))).toMatchObject({
    namespace: 'metallb-system',
    version: '0.16.1',
    lbClass: null,
    ignoresExcludeLabel: false,
    memberlist: true,
  })
  const evidence = await variant(
    'lan-healthy',
    speakers(({ spec }) => {
      spec.containers[0].image = 'quay.io/metallb/speaker:v0.13.12'
      spec.containers[0].args.push('--lb-class=metallb', '--ignore-exclude-lb')
      spec.containers[0].env = spec.containers[0].env.filter(({ name }: Json) => name !== 'METALLB_ML_BIND_ADDR')
    }),
  )
  const settings = metallbSettings(evidence)
  expect(settings).toMatchObject({
    version: '0.13.12',
    lbClass: 'metallb',
    ignoresExcludeLabel: true,
    memberlist: false,
  })
  expect(['0.13.2', '0.13.12', '0.14.0', '1.0.0'].map((release) => olderThan(settings, release))).toEqual([
    false,
    false,
    true,
    true,
  ])
})

test('is not installed where nothing of it is there, and not known where nothing was read', async () => {
  const none = editJson((list: Json) => {
    list.items = list.items.filter(({ metadata }: Json) => metadata.namespace !== 'metallb-system')
  })
  const gone = {
    'kubernetes/pods.json': none,
    'kubernetes/daemonsets.apps.json': none,
    'kubernetes/deployments.apps.json': none,
  }
  expect(metallbInstalled(await variant('lan-healthy', gone))).toBe(false)
  expect(metallbInstalled(await variant('lan-healthy', { ...gone, 'kubernetes/pods.json': null }))).toMatchObject({
    gap: true,
  })
})
