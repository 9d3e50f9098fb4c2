import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/l2-advertisement'

test('an advertisement that covers the pool and selects nodes passes', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    [
      'pass',
      expect.stringMatching(
        /^metallb-system\/l2 lets MetalLB announce 10\.240\.0\.100 of pool first-pool by ARP or NDP/,
      ),
    ],
  ])
})

test.each([
  [
    'lan-not-advertised',
    'fail',
    /^No L2Advertisement or BGPAdvertisement covers pool first-pool, so no speaker announces 10\.240\.0\.100\.$/,
  ],
  ['lan-no-node-selected', 'fail', /selects no node, so no speaker may announce 10\.240\.0\.100\.$/],
  // EC2 delivers by ownership: silence stops no packet there.
  ['not-advertised', 'warn', /EC2 delivers by ownership, so this stops no packet\.$/],
])('%s', async (name, status, says) => {
  expect(await foundIn(name, id)).toEqual([[status, expect.stringMatching(says)]])
})

test('without the advertisements it is not known', async () => {
  const evidence = await variant('lan-healthy', { 'kubernetes/l2advertisements.metallb.io.json': null })
  expect(found(evidence, id)).toEqual([
    ['unknown', expect.stringContaining('kubernetes/l2advertisements.metallb.io.json: not in the evidence')],
  ])
})

const l2 = 'kubernetes/l2advertisements.metallb.io.json'

test.each<[string, (advertisement: Json) => void, string]>([
  [
    'stands in another namespace',
    ({ metadata }) => {
      metadata.namespace = 'default'
    },
    ' default/l2 stands in another namespace than metallb-system, where MetalLB does not look.',
  ],
  [
    'names a pool that does not exist',
    ({ spec }) => {
      spec.ipAddressPools = ['frist-pool']
    },
    ' metallb-system/l2 names frist-pool, and there is no such pool; MetalLB passes over that in silence.',
  ],
  [
    'selects other Services',
    ({ spec }) => {
      spec.serviceSelectors = [{ matchLabels: { tier: 'edge' } }]
    },
    ' metallb-system/l2 selects other Services.',
  ],
])('says of the advertisement that is there why it does not count: it %s', async (_, edit, hint) => {
  const evidence = await variant('lan-healthy', {
    [l2]: editJson((list: Json) => {
      list.items.forEach(edit)
    }),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => {
      list.items = []
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      `No L2Advertisement or BGPAdvertisement covers pool first-pool, so no speaker announces 10.240.0.100.${hint}`,
    ],
  ])
})

test('does not say that none covers the pool where the BGPAdvertisements were not read', async () => {
  const evidence = await variant('lan-not-advertised', { 'kubernetes/bgpadvertisements.metallb.io.json': null })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})

test('behind 0.16 a Service that may share its address is not announced under serviceSelectors', async () => {
  const shared = (version: string) =>
    variant('lan-healthy', {
      'kubernetes/pods.json': (text) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, `$1:v${version}`),
      'kubernetes/services.json': editJson((list: Json) => {
        for (const { metadata, spec } of list.items)
          if (spec.type === 'LoadBalancer') {
            metadata.labels = { tier: 'gold' }
            metadata.annotations['metallb.io/allow-shared-ip'] = 'one'
          }
      }),
      'kubernetes/l2advertisements.metallb.io.json': editJson((list: Json) => {
        for (const { spec } of list.items) spec.serviceSelectors = [{ matchLabels: { tier: 'gold' } }]
      }),
    })
  const evidence = await shared('0.17.0')
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^Service default\/nginx-lb may share its address \(metallb\.io\/allow-shared-ip\), and metallb-system\/\S+ chooses Services by serviceSelectors: MetalLB announces 10\.240\.0\.100 not at all/,
      ),
    ],
  ])
  expect(found(await shared('0.16.1'), id)[0]?.[0]).toBe('pass')
})
