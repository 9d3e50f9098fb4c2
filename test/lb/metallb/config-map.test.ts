import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { diagnosisOf } from '../../kit/answers.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { cite } from '../../../src/evidence/cite.ts'
import { isGap, known } from '../../../src/evidence/gap.ts'
import { editCommands } from '../../../src/lb/metallb/config-map.ts'
import { readOldConfig } from '../../../src/lb/metallb/old-config.ts'
import { metallbPools, poolName, poolOf, rangesOf } from '../../../src/lb/metallb/pool-ranges.ts'
import { parseYaml } from '../../../src/evidence/yaml.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { rangeText } from '../../../src/net/range.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { layer2, oldMetallb } from '../../kit/old-metallb.ts'

const bgp = `peers:
- peer-address: 10.0.0.1
  peer-asn: 64501
  my-asn: 64500
  peer-port: 1179
  node-selectors:
  - match-labels:
      rack: 1
    match-expressions:
    - key: network-speed
      operator: NotIn
      values: [slow]
bgp-communities:
  no-advertise: 65535:65282
address-pools:
- name: routed
  protocol: bgp
  addresses:
  - 198.51.100.0/24
  - fc00:f853:0ccd:e799::/124
  auto-assign: false
  avoid-buggy-ips: yes
  bgp-advertisements:
  - aggregation-length: 32
    localpref: 100
    communities: [no-advertise]
  - aggregation-length: 24
- name: plain
  protocol: bgp
  addresses: ["192.0.2.10 - 192.0.2.20"]
`

const pools = async (config: string) => {
  const found = metallbPools(await oldMetallb(config))
  if (isGap(found)) return found.reason
  return found.map((pool) => [
    poolName(pool),
    rangesOf(pool).map(rangeText).join(' '),
    pool.spec?.autoAssign,
    pool.spec?.avoidBuggyIPs,
  ])
}

describe('the pools of MetalLB up to 0.12', () => {
  test('of a layer2 configuration', async () => {
    expect(await pools(layer2)).toEqual([['default', '10.240.0.100-10.240.0.110', true, false]])
  })

  test('of a BGP configuration, with CIDRs, IPv6, blanks in ranges and the booleans of YAML 1.1', async () => {
    expect(await pools(bgp)).toEqual([
      ['routed', '198.51.100.0/24 fc00:f853:ccd:e799::/124', false, true],
      ['plain', '192.0.2.10-192.0.2.20', true, false],
    ])
  })

  test('of JSON, of anchors, and of nothing', async () => {
    expect(await pools('{"address-pools":[{"name":"j","protocol":"layer2","addresses":["10.0.0.0/30"]}]}')).toEqual([
      ['j', '10.0.0.0/30', true, false],
    ])
    expect(await pools('x: &a [10.0.0.0/30]\naddress-pools:\n- {name: a, protocol: layer2, addresses: *a}\n')).toEqual([
      ['a', '10.0.0.0/30', true, false],
    ])
    expect(await pools('')).toEqual([])
  })

  test('are proved by the text of the ConfigMap, and are edited there', async () => {
    const evidence = await oldMetallb(layer2)
    const address = parseAddress('10.240.0.105')
    const pool = address === null ? null : known(poolOf(evidence, address))
    if (pool === null) throw new Error('no pool')
    const index = (known(evidence.kubernetes.configmaps) ?? []).findIndex(({ metadata }) => metadata?.name === 'config')
    expect(cite(pool, 'spec', 'addresses')).toEqual({
      file: 'kubernetes/configmaps.json',
      pointer: `/items/${String(index)}/data/config`,
      value: ['10.240.0.100-10.240.0.110'],
    })
    expect(editCommands(pool, 'ipaddresspool')).toEqual([
      { line: 'kubectl -n metallb-system get configmap config -o yaml > config.before.yaml' },
      { line: 'kubectl -n metallb-system edit configmap config' },
    ])
  })

  test('stand in the ConfigMap that --config names', async () => {
    const evidence = await oldMetallb(null, {
      'kubernetes/pods.json': editJson((list: Json) => {
        for (const { metadata, spec } of list.items)
          if (metadata.namespace === 'metallb-system') {
            spec.containers[0].image = spec.containers[0].image.replace(/:v.*/, ':v0.11.0')
            spec.containers[0].args.push('--config=metallb-chart')
          }
      }),
      'kubernetes/configmaps.json': editJson((list: Json) => {
        list.items.push({
          metadata: { name: 'metallb-chart', namespace: 'metallb-system' },
          data: { config: layer2 },
        })
      }),
    })
    expect(known(metallbPools(evidence))?.map(poolName)).toEqual(['default'])
  })
})

test('its advertisements and peers are the objects that came after them', async () => {
  const { kubernetes } = await oldMetallb(bgp)
  expect(known(kubernetes.l2advertisements)).toEqual([])
  expect(known(kubernetes.bgpadvertisements)?.map(({ spec }) => spec)).toEqual([
    {
      ipAddressPools: ['routed'],
      aggregationLength: 32,
      aggregationLengthV6: 128,
      localPref: 100,
      communities: ['no-advertise'],
    },
    { ipAddressPools: ['routed'], aggregationLength: 24, aggregationLengthV6: 128, localPref: 0, communities: [] },
    { ipAddressPools: ['plain'], aggregationLength: 32, aggregationLengthV6: 128, localPref: 0, communities: [] },
  ])
  expect(known(kubernetes.bgppeers)?.map(({ spec }) => spec)).toMatchObject([
    {
      myASN: 64500,
      peerASN: 64501,
      peerAddress: '10.0.0.1',
      peerPort: 1179,
      nodeSelectors: [
        {
          matchLabels: { rack: '1' },
          matchExpressions: [{ key: 'network-speed', operator: 'NotIn', values: ['slow'] }],
        },
      ],
    },
  ])
  const layer = await oldMetallb(layer2)
  expect(known(layer.kubernetes.l2advertisements)?.map(({ spec }) => spec)).toEqual([{ ipAddressPools: ['default'] }])
})

test.each([
  ['a list that never ends', 'address-pools: [', /^metallb-system\/config is no YAML: .+ at line 2, column \d+$/],
  ['wrong indentation', 'address-pools:\n- name: a\n protocol: layer2\n', /is no YAML: .+ at line 3, column \d+$/],
  ['a tab', 'address-pools:\n\t- name: a\n', /is no YAML: .*tab.* at line 2/],
  ['two documents', `${layer2}---\n${layer2}`, /is no YAML: expected a single document/],
  ['a hundred thousand brackets', '['.repeat(100_000), /is no YAML: /],
  [
    'addresses that are no list',
    'address-pools:\n- {name: a, protocol: layer2, addresses: 10.0.0.0/30}\n',
    /is no configuration of MetalLB: \/address-pools\/0\/addresses is a string, not a list$/,
  ],
  ['a sentence', 'hello', /is no configuration of MetalLB: \/ is a string, not an object$/],
])('%s is said in the parser’s words, and is no empty configuration', async (_, config, reason) => {
  expect(await pools(config)).toMatch(reason)
})

test('a ConfigMap that was collected without its data is a gap, one that is not there none', async () => {
  const gone = await oldMetallb(null)
  expect(metallbPools(gone)).toEqual([])
  const empty = await oldMetallb(null, {
    'kubernetes/configmaps.json': editJson((list: Json) => {
      list.items.push({ metadata: { name: 'config', namespace: 'metallb-system' } })
    }),
  })
  expect(metallbPools(empty)).toMatchObject({ reason: 'metallb-system/config was collected without its data' })
  const unread = await oldMetallb(null, { 'kubernetes/configmaps.json': null })
  expect(metallbPools(unread)).toMatchObject({ gap: true, source: 'kubernetes/configmaps.json' })
})

test('the ConfigMap means nothing since 0.13, also where the custom resources could not be read', async () => {
  const newer = await oldMetallb(layer2, {}, { version: '0.13.12' })
  expect(newer.kubernetes.ipaddresspools).toMatchObject({
    gap: true,
    source: 'kubernetes/ipaddresspools.metallb.io.json',
  })
})

test('of a version that no image tells, the custom resources decide', async () => {
  const untold = (text: string) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, '$1:main')
  const without = await oldMetallb(layer2, { 'kubernetes/pods.json': untold })
  expect(known(metallbPools(without))?.map(poolName)).toEqual(['default'])
  const { kubernetes } = await variant('lan-healthy', {
    'kubernetes/pods.json': untold,
    'kubernetes/configmaps.json': editJson((list: Json) => {
      list.items.push({ metadata: { name: 'config', namespace: 'metallb-system' }, data: { config: layer2 } })
    }),
  })
  expect(known(kubernetes.ipaddresspools)?.map(poolName)).toEqual(['first-pool'])
})

const place = { name: 'config', namespace: 'metallb-system' }

test.each([
  ['address-pools: [{protocol: layer2, addresses: [10.0.0.0/30]}]', 'missing pool name'],
  ['address-pools: [{name: a, protocol: layer2}]', 'pool "a" has no prefixes defined'],
  ['address-pools: [{name: a, addresses: [10.0.0.0/30]}]', 'address pool "a" is missing the protocol field'],
  ['address-pools: [{name: a, protocol: arp, addresses: [10.0.0.0/30]}]', 'unknown protocol "arp"'],
  ['address-pools: [{name: a, protocol: layer2, addresses: [10.0.0.9]}]', 'invalid CIDR "10.0.0.9" in pool "a"'],
  [
    'address-pools: [{name: a, protocol: layer2, addresses: [10.0.0.9-10.0.0.2]}]',
    'invalid CIDR "10.0.0.9-10.0.0.2" in pool "a"',
  ],
  [
    'address-pools: [{name: a, protocol: layer2, addresses: [10.0.0.0/30], bgp-advertisements: [{localpref: 1}]}]',
    'cannot have bgp-advertisements configuration element in a layer2 address pool ("a")',
  ],
  [
    'address-pools: [{name: a, protocol: bgp, addresses: [10.0.0.0/30]}, {name: a, protocol: bgp, addresses: [10.1.0.0/30]}]',
    'duplicate definition of pool "a"',
  ],
])('%s is refused as MetalLB refuses it', (text, refusal) => {
  const yaml = parseYaml(text)
  const config = 'value' in yaml ? readOldConfig(yaml.value, place) : yaml.error
  expect(typeof config === 'string' ? config : config.refused).toEqual([refusal])
})

test('no text makes the reader throw', () => {
  const piece = fc.constantFrom(
    'address-pools:\n',
    '- name: a\n',
    '  addresses: [10.0.0.0/30]\n',
    '&a ',
    '*a',
    '{',
    ']',
    '!!binary x\n',
    '<<: ',
    'peers:\n',
    '? ',
    '\t',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), (parts) => {
      const yaml = parseYaml(parts.join(''))
      if ('value' in yaml) readOldConfig(yaml.value, place)
    }),
  )
})

test('of this era a VIP is diagnosed to the end', async () => {
  const at = '10.240.0.100'
  const { verdict, findings } = diagnosisOf(await oldMetallb(layer2), 'default/nginx-lb')
  const said = (id: string) => findings.filter((finding) => finding.id === id).map(({ status, says }) => [status, says])
  expect(said('announcement/l2-advertisement')).toEqual([
    ['pass', `metallb-system/config lets MetalLB announce ${at} of pool default by ARP or NDP from 4 nodes.`],
  ])
  expect(said('announcement/no-eligible-node')[0]?.[0]).toBe('pass')
  expect(said('assignment/pool-hygiene')[0]?.[0]).toBe('pass')
  expect(verdict).toBe('reachable')
  const off = await oldMetallb(layer2.replace('100-10', '201-10').replaceAll('.110', '.220'))
  const offSays = diagnosisOf(off, 'default/nginx-lb').findings.find(({ id }) => id === 'announcement/l2-advertisement')
  expect([offSays?.says, offSays?.look]).toEqual([
    `${at} lies in none of MetalLB's pools, so no speaker announces it.`,
    ['kubectl -n metallb-system get configmap config -o yaml'],
  ])
})

test('of this era the checks of EC2 and of BGP see pools and peers', async () => {
  const routed = (peers: string) =>
    oldMetallb(`${peers}${layer2.replace('layer2', 'bgp')}`, {}, { base: 'hard-way-healthy' })
  const says = (evidence: Evidence, id: string) =>
    diagnosisOf(evidence, 'default/nginx-lb').findings.filter((finding) => finding.id === id)
  const peered = await routed('peers: [{peer-address: 10.240.0.1, peer-asn: 64501, my-asn: 64500}]\n')
  expect(says(peered, 'announcement/bgp-advertisement')[0]).toMatchObject({
    status: 'pass',
    says: expect.stringMatching(/ announce 10\.240\.0\.100 by BGP to 10\.240\.0\.1/),
  })
  expect(says(peered, 'delivery/pool-not-reserved')[0]?.subject).toBe('pool/default')
  expect(says(peered, 'delivery/pool-spans-subnets')[0]?.subject).toBe('pool/default')
  const [alone] = says(await routed(''), 'announcement/bgp-advertisement')
  expect([alone?.status, alone?.says, alone?.fix?.commands]).toEqual([
    'warn',
    expect.stringMatching(
      /^The pool of 10\.240\.0\.100 is to be announced by BGP, but metallb-system\/config names no peer/,
    ),
    [
      'kubectl -n metallb-system get configmap config -o yaml > config.before.yaml',
      'kubectl -n metallb-system edit configmap config',
    ],
  ])
})

describe('AddressPools, the objects of 0.13', () => {
  const old = (version: string, spec: object = { protocol: 'layer2' }) =>
    variant('lan-healthy', {
      'kubernetes/pods.json': (text) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, `$1:v${version}`),
      'kubernetes/addresspools.metallb.io.json': JSON.stringify({
        items: [
          {
            kind: 'AddressPool',
            metadata: { name: 'old', namespace: 'metallb-system' },
            spec: { addresses: ['10.240.0.100-10.240.0.110'], ...spec },
          },
        ],
      }),
      'kubernetes/ipaddresspools.metallb.io.json': JSON.stringify({ items: [] }),
      'kubernetes/l2advertisements.metallb.io.json': JSON.stringify({ items: [] }),
    })

  test('are pools, and announce themselves', async () => {
    const evidence = await old('0.13.12')
    const { findings, verdict } = diagnosisOf(evidence, 'default/nginx-lb')
    expect(verdict).toBe('reachable')
    const finding = findings.find(({ id }) => id === 'announcement/l2-advertisement')
    expect([finding?.says, finding?.proof.map(({ file, pointer }) => `${file} ${pointer ?? ''}`)]).toEqual([
      'metallb-system/old lets MetalLB announce 10.240.0.100 of pool old by ARP or NDP from 4 nodes.',
      [
        'kubernetes/addresspools.metallb.io.json /items/0/spec',
        'kubernetes/addresspools.metallb.io.json /items/0/spec/addresses',
      ],
    ])
    const [pool] = known(metallbPools(evidence)) ?? []
    expect(pool === undefined ? [] : editCommands(pool, 'ipaddresspool')).toEqual([
      { line: 'kubectl -n metallb-system get addresspool old -o yaml > old.before.yaml' },
      { line: 'kubectl -n metallb-system edit addresspool old' },
    ])
  })

  test('of BGP go to the peers, with the advertisements that they hold', async () => {
    const { kubernetes } = await old('0.14.1', { protocol: 'bgp', bgpAdvertisements: [{ localPref: 7 }] })
    expect(known(kubernetes.bgpadvertisements)?.map(({ spec }) => spec)).toEqual([
      { ipAddressPools: ['old'], localPref: 7 },
    ])
    expect(known(kubernetes.l2advertisements)).toEqual([])
  })

  test('mean nothing since 0.14.2', async () => {
    expect(metallbPools(await old('0.14.2'))).toEqual([])
  })
})
