import fc from 'fast-check'
import { ipset, iptablesRules } from './iptables-rules.ts'
import { frameRules } from './frame-rules.ts'
import type { KernelCase } from './lab.ts'
import { nftRules } from './nft-rules.ts'
import { packets } from './packets.ts'

const sysctl = fc.constantFrom<Readonly<Record<string, number>>>(
  {},
  {},
  {},
  { 'net.ipv4.ip_forward': 0 },
  { 'net.ipv4.conf.all.rp_filter': 1 },
  { 'net.ipv4.conf.all.rp_filter': 2 },
  { 'net.ipv4.conf.all.route_localnet': 1 },
)

const some = fc.array(packets, { minLength: 10, maxLength: 10 })

/** Generated rule sets of both iptables back-ends, with packets that meet them. */
const iptablesCases: fc.Arbitrary<KernelCase> = fc
  .record({
    backend: fc.constantFrom('nft-save', 'nft-save', 'legacy-save'),
    rules: iptablesRules,
    sysctl,
    packets: some,
  })
  .map(({ backend, rules, ...rest }) => ({ [backend]: rules, ipset, ...rest }))

/** Generated native tables. */
const nftCases: fc.Arbitrary<KernelCase> = fc.record({ nft: nftRules, sysctl, packets: some })

/** Of two chains with one priority the one that was registered last comes first, which no dump tells: native ones get their own. */
const elsewhere = (nft: string): string =>
  nft
    .replaceAll(/priority (filter|dstnat|srcnat|mangle|raw);/g, 'priority $1 + 3;')
    .replaceAll('priority -100;', 'priority -97;')

/** Everything that is generated; now and then iptables and a native table at once. */
export const generatedCases: fc.Arbitrary<KernelCase> = fc.oneof(
  { weight: 5, arbitrary: iptablesCases },
  { weight: 4, arbitrary: nftCases },
  { weight: 1, arbitrary: fc.tuple(iptablesCases, nftRules).map(([one, nft]) => ({ ...one, nft: elsewhere(nft) })) },
  { weight: 1, arbitrary: fc.tuple(iptablesCases, frameRules).map(([one, nft]) => ({ ...one, nft })) },
  {
    weight: 1,
    arbitrary: fc.tuple(nftCases, frameRules).map(([one, frames]) => ({ ...one, nft: `${one.nft ?? ''}${frames}` })),
  },
)
