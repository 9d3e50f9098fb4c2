import type { AccountState } from '../account.ts'
import { outside, outsideCidr, routerOf, subnets, type Host } from '../plan.ts'
import { run, tryRun } from '../run.ts'
import { bridgeOf, outsideBridge, planVpc, portName, type FabricPlan } from './vpc.ts'

/** What carries frames between the lab's hosts: a VPC as its account says, or a plain LAN with a router. */
export interface Fabric {
  /** Plugs a host in; `pid` names its network. On a VPC `mac` is what the account gave its interface. */
  readonly plug: (host: Host, pid: number, mac: string | null) => Promise<void>
  readonly follow: (state: AccountState) => Promise<void>
}

const name = 'fabric'
const inside = (argv: readonly string[], input?: string): Promise<string> =>
  run('ip', ['netns', 'exec', name, ...argv], { input: input ?? '' })

export async function startFabric(kind: 'ec2' | 'lan'): Promise<Fabric> {
  await run('ip', ['netns', 'add', name])
  const filters = kind === 'ec2' ? '1' : '0'
  // The last two: only the host that is meant answers ARP, and no host is told of a shorter way.
  const settings = [
    ...['ip_forward=1', 'conf.all.rp_filter=0', 'conf.default.rp_filter=0', 'conf.all.arp_ignore=1'],
    ...['conf.all.send_redirects=0', 'conf.default.send_redirects=0'],
  ].map((each) => `net.ipv4.${each}`)
  const keys = [...settings, `net.bridge.bridge-nf-call-iptables=${filters}`, 'net.ipv6.conf.all.disable_ipv6=1']
  await inside(['sysctl', '-qw', ...keys])
  const bridges = [...subnets.map((cidr, at) => [bridgeOf(at), cidr] as const), [outsideBridge, outsideCidr] as const]
  const lines = bridges.flatMap(([bridge, cidr], at) => [
    `link add ${bridge} type bridge mcast_snooping 0`,
    `link set ${bridge} address 02:fe:00:00:00:0${String(at + 1)}`,
    `link set ${bridge} up`,
    `addr add ${routerOf(cidr)}/24 dev ${bridge}`,
    ...(bridge === outsideBridge ? [] : [`rule add iif ${bridge} lookup ${String(100 + at)} priority 100`]),
  ])
  await batch(kind === 'ec2' ? lines : lines.filter((line) => !line.startsWith('rule')))
  const macs = new Map<string, string>()
  let last = ''
  return {
    plug: async (host, pid, mac) => {
      await plug(kind, host, pid, mac)
      if (mac !== null) macs.set(host.name, mac)
    },
    follow: async (state) => {
      if (kind === 'lan' || macs.size === 0) return
      const plan = planVpc(state, macs)
      if (JSON.stringify(plan) === last) return
      last = JSON.stringify(plan)
      await apply(plan)
    },
  }
}

const batch = (lines: readonly string[]): Promise<string> =>
  inside(['ip', '-batch', '-'], lines.map((line) => `${line}\n`).join(''))

const bridgeFor = ({ address }: Host): string => {
  const at = subnets.findIndex((cidr) => routerOf(cidr).replace(/1$/, '') === address.replace(/\d+$/, ''))
  return at < 0 ? outsideBridge : bridgeOf(at)
}

async function plug(kind: 'ec2' | 'lan', host: Host, pid: number, mac: string | null): Promise<void> {
  const port = portName(host.name)
  const bridge = bridgeFor(host)
  const card = ['type', 'veth', 'peer', 'name', 'eth0', ...(mac === null ? [] : ['address', mac])]
  await run('ip', ['link', 'add', port, 'netns', name, ...card, 'netns', String(pid)])
  await batch([`link set ${port} master ${bridge}`, `link set ${port} up`])
  if (kind === 'ec2' && bridge !== outsideBridge && mac !== null) {
    const quiet = ['learning', 'flood', 'mcast_flood', 'bcast_flood'].map((each) => `${each} off`).join(' ')
    await batch([`link set ${port} type bridge_slave proxy_arp on ${quiet}`])
    await inside(['bridge', 'fdb', 'replace', mac, 'dev', port, 'master', 'static'])
  }
  // Without offloads, so that what tcpdump sees on a port are the frames that a cable would carry.
  const offloads = ['tx', 'tso', 'gso', 'gro'].flatMap((each) => [each, 'off'])
  const within = ['-t', String(pid), '--net', '--']
  await run('nsenter', [...within, 'ethtool', '-K', 'eth0', ...offloads])
  const router = host === outside ? routerOf(outsideCidr) : host.address.replace(/\d+$/, '1')
  const lines = [`addr add ${host.address}/24 dev eth0`, 'link set eth0 up', `route add default via ${router}`]
  await run('nsenter', [...within, 'ip', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') })
}

async function apply({ nft, routes, neighbours }: FabricPlan): Promise<void> {
  await inside(['nft', '-f', '-'], nft)
  for (const at of subnets.keys()) await tryRun('ip', ['-n', name, 'route', 'flush', 'table', String(100 + at)])
  await batch(routes)
  for (const at of subnets.keys()) {
    await tryRun('ip', ['-n', name, 'neigh', 'flush', 'dev', bridgeOf(at), 'nud', 'permanent'])
  }
  await batch(neighbours)
}
