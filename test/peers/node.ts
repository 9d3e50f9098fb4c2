import { spawnSync } from 'node:child_process'
import { evidenceOf, type Evidence } from '../../src/evidence/evidence.ts'
import { memoryStore } from '../../src/evidence/store.ts'
import type { World } from '../lab/kernel/lab.ts'
import { withoutAccounts } from '../lab/kernel/recordings.ts'
import type { Dumped } from './flows.ts'

/** The node of kube-proxy's tests (NewFakeProxier in its proxier_test.go): its addresses, with its pods behind a bridge. */
const addresses = [
  ...['192.168.0.2/24', '192.168.1.2/24', '192.168.99.11/32'].map((cidr) => [cidr, 'eth0'] as const),
  ...['2001:db8::1/64', '2001:db8:1::2/64'].map((cidr) => [cidr, 'eth0'] as const),
  ['10.254.254.1/24', 'cni0'] as const,
]
const isIpv4 = (cidr: string): boolean => !cidr.includes(':')

/** The same for the laboratory, which is IPv4 alone. */
export const world: World = {
  bridge: 'cni0',
  ports: { vp2: '10.254.254.2', vp3: '10.254.254.3' },
  cables: ['eth0', 'vp2', 'vp3'],
  dummies: [],
  addresses: addresses.filter(([cidr]) => isIpv4(cidr)),
  routes: ['default via 192.168.0.1', '10.0.0.0/8 via 10.254.254.2'],
  rules: [],
}

const local = (dst: string, dev: string) => ({ type: 'local', dst, dev, table: 'local' })

const files = {
  'ip-addr.json': ['lo', 'eth0', 'cni0'].map((ifname) => ({
    ifname,
    addr_info: addresses
      .filter(([, device]) => device === ifname)
      .map(([cidr]) => {
        const [address = '', prefixlen] = cidr.split('/')
        return {
          family: isIpv4(cidr) ? 'inet' : 'inet6',
          local: address,
          prefixlen: Number(prefixlen),
          scope: 'global',
        }
      }),
  })),
  'ip-route.json': [
    { dst: 'default', gateway: '192.168.0.1', dev: 'eth0' },
    { dst: 'default', gateway: 'fe80::1', dev: 'eth0' },
    ...['10.0.0.0/8', 'fd00:10::/64', 'fd00:10:180::/48'].map((dst) => ({ dst, dev: 'cni0' })),
    ...addresses.map(([cidr, device]) => local(cidr.replace(/\/.*/, ''), device)),
    ...['127.0.0.0/8', '::1'].map((dst) => local(dst, 'lo')),
  ],
  'ip-rule.json': ['local', 'main'].map((table, priority) => ({ priority, src: 'all', table })),
}

/** How a rule set is loaded, and read back. `file`: as a bundle has what is read. */
const tools = {
  'iptables (nft)': (six: string) => [
    `ip${six}tables-nft-restore`,
    `ip${six}tables-nft-save`,
    `ip${six}tables-nft-save.txt`,
  ],
  'iptables (legacy)': (six: string) => [
    `ip${six}tables-legacy-restore`,
    `ip${six}tables-legacy-save`,
    `ip${six}tables-legacy-save.txt`,
  ],
  nftables: () => ['nft -f -', 'nft -j list ruleset', 'nft-ruleset.json'],
} as const

export type Backend = keyof typeof tools

/** Their fake iptables forgets the quotes of some comments; and the rules that count in an object of the kernel need not count. */
export const loadable = (rules: string): string =>
  withoutAccounts(rules).replaceAll(/--comment ([^"\s]\S*(?: (?!-)\S+)+) -/g, '--comment "$1" -')

/** A node that holds these rules, as its own tools print them; what they said where they did not load them. */
export function nodeWith({ rules, ipv6 }: Dumped, backend: Backend): Evidence | string {
  const [load = '', show = '', file = ''] = tools[backend](ipv6 ? '6' : '')
  const { status, stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', `${load} && ${show}`], {
    input: loadable(rules),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) return stderr.trim()
  const others = backend === 'nftables' ? {} : { 'nft-ruleset.json': '{"nftables": []}' }
  const iptables = ipv6 ? 'ip6tables-nft-save.txt' : 'iptables-nft-save.txt'
  const texts = {
    ...Object.fromEntries(Object.entries(files).map(([name, list]) => [name, JSON.stringify(list)])),
    'sysctl.txt': 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.route_localnet = 1\n',
    ...others,
    [iptables]: '',
    [file]: stdout,
  }
  const store = memoryStore(
    new Map(Object.entries(texts).map(([name, text]) => [`nodes/n/${name}`, Buffer.from(text)])),
  )
  return evidenceOf(store, { time: null, tool: null, redacted: false, gaps: [] })
}
