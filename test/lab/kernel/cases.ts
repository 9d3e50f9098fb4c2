import fc from 'fast-check'
import { ipset, iptablesRules } from './iptables-rules.ts'
import type { KernelCase } from './lab.ts'
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
export const iptablesCases: fc.Arbitrary<KernelCase> = fc
  .record({
    backend: fc.constantFrom('nft-save', 'nft-save', 'legacy-save'),
    rules: iptablesRules,
    sysctl,
    packets: some,
  })
  .map(({ backend, rules, ...rest }) => ({ [backend]: rules, ipset, ...rest }))

/** Everything that is generated. */
export const generatedCases: fc.Arbitrary<KernelCase> = iptablesCases
