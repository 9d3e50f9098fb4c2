import { parseRange } from '../../net/range.ts'
import type {
  BGPAdvertisement,
  BGPPeer,
  IPAddressPool,
  KubernetesObject,
  L2Advertisement,
  LabelSelector,
} from '../../evidence/kubernetes/kinds.ts'
import { conform, deepFreeze, mapOf, type Shaped } from '../../evidence/shape.ts'

// The configuration of MetalLB up to 0.12 (metallb v0.12.1, internal/config/config.go: configFile, peer, addressPool, bgpAdvertisement).

const bgpAdvertisement = {
  'aggregation-length': 'number',
  'aggregation-length-v6': 'number',
  localpref: 'number',
  communities: ['string'],
} as const

/** What MetalLB up to 0.12 reads of its configuration. */
export const oldConfigShape = {
  'address-pools': [
    {
      name: 'scalar',
      protocol: 'string',
      addresses: ['string'],
      'auto-assign': 'json',
      'avoid-buggy-ips': 'json',
      'bgp-advertisements': [bgpAdvertisement],
    },
  ],
  peers: [
    {
      'peer-address': 'string',
      'peer-asn': 'number',
      'my-asn': 'number',
      'peer-port': 'number',
      'source-address': 'string',
      'bfd-profile': 'string',
      'node-selectors': [
        {
          'match-labels': mapOf('json'),
          'match-expressions': [{ key: 'string', operator: 'string', values: ['scalar'] }],
        },
      ],
    },
  ],
} as const

type OldPool = Shaped<(typeof oldConfigShape)['address-pools'][0]>
type OldPeer = Shaped<(typeof oldConfigShape)['peers'][0]>
type OldSelector = NonNullable<OldPeer['node-selectors']>[number]

/** The same as the objects that took its place in 0.13, and the sentences with which MetalLB refuses it. */
export interface OldConfig {
  readonly ipaddresspools: readonly IPAddressPool[]
  readonly l2advertisements: readonly L2Advertisement[]
  readonly bgpadvertisements: readonly BGPAdvertisement[]
  readonly bgppeers: readonly BGPPeer[]
  readonly refused: readonly string[]
}

/**
 * Reads a configuration as YAML gave it; a text says what of it is none. Pools have their own names; advertisements and peers, which have
 * none, take that of the ConfigMap. What MetalLB refuses is left out.
 */
export function readOldConfig(
  value: unknown,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): OldConfig | string {
  const read = conform(value ?? {}, oldConfigShape)
  if ('misfit' in read) {
    const { pointer, expected, found } = read.misfit
    return `${pointer} is ${found}, not ${expected}`
  }
  const pools = read.value['address-pools'] ?? []
  const metadata = { name, namespace }
  return deepFreeze({
    ipaddresspools: pools.map((pool) => newPool(pool, namespace)),
    l2advertisements: pools
      .filter(({ protocol }) => protocol === 'layer2')
      .map((pool) => ({ metadata, spec: { ipAddressPools: [nameOf(pool)] } })),
    // A BGP pool without advertisements is announced as whole addresses.
    bgpadvertisements: pools
      .filter(({ protocol }) => protocol === 'bgp')
      .flatMap((pool) => {
        const own = pool['bgp-advertisements'] ?? []
        return (own.length === 0 ? [{}] : own).map((one) => newAdvertisement(one, pool, metadata))
      }),
    bgppeers: (read.value.peers ?? []).map((peer) => newPeer(peer, metadata)),
    refused: pools.flatMap((pool, index) => refusals(pool, pools.slice(0, index).map(nameOf))),
  })
}

/** An AddressPool of 0.13 as the objects that took its place (metallb v0.13.12, internal/config/config.go: addressPoolFromLegacyCR). */
export function readAddressPool({ metadata, spec }: KubernetesObject<'addresspools'>): Omit<OldConfig, 'refused'> {
  const { name = '', namespace = '' } = metadata ?? {}
  const advertisements = conform({ own: spec?.bgpAdvertisements ?? [] }, { own: [newBgpAdvertisement] })
  const named = { metadata: { name, namespace } }
  const of = { ipAddressPools: [name] }
  const own = 'misfit' in advertisements ? [] : (advertisements.value.own ?? [])
  return deepFreeze({
    ipaddresspools: [
      {
        ...named,
        spec: {
          addresses: spec?.addresses ?? [],
          autoAssign: spec?.autoAssign ?? true,
          avoidBuggyIPs: spec?.avoidBuggyIPs ?? false,
        },
      },
    ],
    l2advertisements: spec?.protocol === 'layer2' ? [{ ...named, spec: of }] : [],
    bgpadvertisements:
      spec?.protocol === 'bgp'
        ? (own.length === 0 ? [{}] : own).map((one) => ({ ...named, spec: { ...of, ...one } }))
        : [],
    bgppeers: [],
  })
}

const newBgpAdvertisement = {
  aggregationLength: 'number',
  aggregationLengthV6: 'number',
  localPref: 'number',
  communities: ['string'],
} as const

const nameOf = ({ name = '' }: OldPool): string => String(name)

const newPool = (pool: OldPool, namespace: string): IPAddressPool => ({
  metadata: { name: nameOf(pool), namespace },
  spec: {
    addresses: pool.addresses ?? [],
    autoAssign: truth(pool['auto-assign']) ?? true,
    avoidBuggyIPs: truth(pool['avoid-buggy-ips']) ?? false,
  },
})

const newAdvertisement = (
  one: Shaped<typeof bgpAdvertisement>,
  pool: OldPool,
  metadata: { readonly name: string; readonly namespace: string },
): BGPAdvertisement => ({
  metadata,
  spec: {
    ipAddressPools: [nameOf(pool)],
    aggregationLength: one['aggregation-length'] ?? 32,
    aggregationLengthV6: one['aggregation-length-v6'] ?? 128,
    localPref: one.localpref ?? 0,
    communities: one.communities ?? [],
  },
})

const newPeer = (peer: OldPeer, metadata: { readonly name: string; readonly namespace: string }): BGPPeer => ({
  metadata,
  spec: {
    myASN: peer['my-asn'],
    peerASN: peer['peer-asn'],
    peerAddress: peer['peer-address'],
    peerPort: peer['peer-port'],
    sourceAddress: peer['source-address'],
    bfdProfile: peer['bfd-profile'],
    nodeSelectors: (peer['node-selectors'] ?? []).map(newSelector),
  },
})

const newSelector = (selector: OldSelector): LabelSelector => ({
  matchLabels: Object.fromEntries(
    Object.entries(selector['match-labels'] ?? {}).map(([key, value]) => [key, String(value)]),
  ),
  matchExpressions: (selector['match-expressions'] ?? []).map(({ key, operator, values = [] }) => ({
    key,
    operator,
    values: values.map(String),
  })),
})

/** MetalLB reads YAML 1.1, in which `yes` and `on` are true too. */
function truth(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return null
  return /^(y|yes|on|true)$/i.test(value) ? true : /^(n|no|off|false)$/i.test(value) ? false : null
}

/** Why MetalLB refuses a pool, in its own words; one refused pool makes it refuse all (parseAddressPool). */
function refusals(pool: OldPool, before: readonly string[]): string[] {
  const name = nameOf(pool)
  const { protocol, addresses = [] } = pool
  const wrong = addresses.filter((text) => !/[/-]/.test(text) || parseRange(text) === null)
  return [
    ...(name === '' ? ['missing pool name'] : []),
    ...(name !== '' && before.includes(name) ? [`duplicate definition of pool "${name}"`] : []),
    ...(addresses.length === 0 ? [`pool "${name}" has no prefixes defined`] : []),
    ...wrong.map((text) => `invalid CIDR "${text}" in pool "${name}"`),
    ...(protocol === undefined || protocol === '' ? [`address pool "${name}" is missing the protocol field`] : []),
    ...(protocol === undefined || ['', 'layer2', 'bgp'].includes(protocol) ? [] : [`unknown protocol "${protocol}"`]),
    ...(protocol === 'layer2' && (pool['bgp-advertisements'] ?? []).length > 0
      ? [`cannot have bgp-advertisements configuration element in a layer2 address pool ("${name}")`]
      : []),
  ]
}
