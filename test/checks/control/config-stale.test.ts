import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { layer2, oldMetallb } from '../../kit/old-metallb.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/config-stale'
const states = 'kubernetes/configurationstates.metallb.io.json'

test('every component has taken the configuration', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['pass', expect.stringMatching(/^5 components of MetalLB have taken the configuration\.$/)],
  ])
})

test('a component that refuses it is named with its reason', async () => {
  const evidence = await variant('lan-healthy', {
    [states]: editJson((list: Json) => {
      list.items[0].status = { result: 'Invalid', errorSummary: 'parsing address pool first-pool: invalid CIDR' }
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'controller of MetalLB refuses the configuration and goes on with the last good one: "parsing address pool first-pool: invalid CIDR". What was changed since has no effect.',
    ],
  ])
})

test('pools that overlap make any version refuse', async () => {
  const evidence = await variant('hard-way-healthy', {
    'kubernetes/ipaddresspools.metallb.io.json': editJson((list: Json) => {
      const copy = structuredClone(list.items[0])
      copy.metadata.name = 'second-pool'
      copy.spec.addresses = ['10.240.0.110-10.240.0.120']
      list.items.push(copy)
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('pools first-pool and second-pool overlap at 10.240.0.110.')],
  ])
  const finding = diagnosisOf(evidence, 'default/nginx-lb').findings.find((one) => one.id === id)
  expect(finding?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch ipaddresspools.metallb.io second-pool --type merge -p '{"spec":{"addresses":["10.240.0.111-10.240.0.120"]}}'`,
  ])
})

test('a version that reports no state is not accused', async () => {
  expect((await foundIn('hard-way-healthy', id))[0]?.[0]).toBe('skipped')
})

test('a listing that could not be read is not a pass', async () => {
  const evidence = await variant('lan-healthy', { [states]: '{"items": [' })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})

test.each([
  ['is fit', layer2, 'pass', 'MetalLB can take its configuration in ConfigMap metallb-system/config.'],
  [
    'is no YAML',
    'address-pools: [',
    'fail',
    /config: it is no YAML: .+ at line 2, column \d+\. It goes on with the last good one/,
  ],
  [
    'has a pool without a protocol',
    'address-pools: [{name: a, addresses: [10.0.0.0/30]}]',
    'fail',
    /config: "address pool "a" is missing the protocol field"\./,
  ],
  [
    'has pools that overlap',
    `${layer2}- {name: other, protocol: layer2, addresses: [10.240.0.110/32]}\n`,
    'fail',
    /config: pools default and other overlap at 10\.240\.0\.110\./,
  ],
])('the ConfigMap of MetalLB up to 0.12 that %s', async (_, config, status, says) => {
  expect(found(await oldMetallb(config), id)).toEqual([
    [status, typeof says === 'string' ? says : expect.stringMatching(says)],
  ])
})

test.each([
  ['metallb_k8s_client_config_stale_bool 1', 'that of worker-0 goes on with the last good one'],
  ['metallb_k8s_client_config_loaded_bool 0', 'that of worker-0 has never taken one'],
])('a speaker’s metric %s tells it where nothing else does', async (metric, says) => {
  const metrics = { 'nodes/worker-0/metallb-metrics.txt': `${metric}\n` }
  expect(found(await variant('hard-way-healthy', metrics), id)).toEqual([
    ['fail', `MetalLB’s speakers do not take the configuration: ${says}. What was changed since has no effect.`],
  ])
  const well = 'metallb_k8s_client_config_stale_bool 0\nmetallb_k8s_client_config_loaded_bool 1\n'
  const fine = await variant('lan-healthy', { 'nodes/worker-0/metallb-metrics.txt': well })
  expect(found(fine, id)[0]?.[0]).toBe('pass')
})
