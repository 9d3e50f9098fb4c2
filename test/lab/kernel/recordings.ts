import fc from 'fast-check'
import { isGap } from '../../../src/evidence/gap.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { isIptablesTable, nftablesOf, record } from '../../../src/evidence/node/nft.ts'
import { fixtureStore } from '../../kit/fixtures.ts'
import type { From, KernelCase, TestPacket, World } from './lab.ts'
import { freshPort } from './packets.ts'

/** One node of a recording: the network that it stands in, and its rules with packets that mean something to them. */
export interface RecordedNode {
  readonly name: string
  readonly world: World
  readonly one: KernelCase
}

interface Device {
  readonly ifname?: string
  readonly master?: string
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[]
}
interface Route {
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
  readonly table?: unknown
}

/** The node of a recording; null where the recording has no rules of it. */
export async function recordedNode(bundle: string, node: string, count: number): Promise<RecordedNode | null> {
  const store = await fixtureStore(bundle)
  const text = (file: string): string | undefined => {
    const bytes = store.read(`nodes/${node}/${file}`)
    return isGap(bytes) ? undefined : Buffer.from(bytes).toString()
  }
  const [devices, routes] = [text('ip-addr.json'), text('ip-route.json')]
  if (devices === undefined || routes === undefined) return null
  const world = worldOf(JSON.parse(devices) as readonly Device[], JSON.parse(routes) as readonly Route[])
  const nft = text('nft-ruleset.json')
  const rules = {
    'nft-save': withoutAccounts(text('iptables-nft-save.txt') ?? ''),
    'legacy-save': withoutAccounts(text('iptables-legacy-save.txt') ?? ''),
    'nft-json': nft === undefined ? undefined : nativeOnly(nft),
    ipset: text('ipset-save.txt'),
  }
  const given = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined && value !== ''))
  return { name: `${bundle}/${node}`, world, one: { ...given, packets: packetsFor(world, given, count) } }
}

/** Rules that count in an object of the kernel (nfacct), which is not in the dump, lose the counting. */
export const withoutAccounts = (text: string): string => text.replaceAll(/ -m nfacct --nfacct-name +\S+/g, '')

const familyIs4 = (text: string): boolean => parseAddress(text)?.family === 4

/** The node's addresses and routes with the pods of the laboratory behind its bridge. */
function worldOf(devices: readonly Device[], routes: readonly Route[]): World {
  const bridge = devices.find(({ ifname }) => ifname?.startsWith('cni') === true)?.ifname ?? null
  const addresses = devices
    .filter(({ ifname, master }) => ifname !== 'lo' && master === undefined)
    .flatMap(({ ifname = '', addr_info = [] }) =>
      addr_info
        .filter(({ local }) => familyIs4(local))
        .map(({ local, prefixlen }) => [`${local}/${String(prefixlen)}`, ifname] as const),
    )
  const network = addresses.find(([, device]) => device === bridge)?.[0].replace(/\.\d+\/24$/, '')
  return {
    bridge,
    ports: network === undefined ? {} : { vp2: `${network}.2`, vp3: `${network}.3` },
    cables: ['eth0', ...(network === undefined ? [] : ['vp2', 'vp3'])],
    dummies: [...new Set(addresses.map(([, device]) => device))].filter((name) => name.startsWith('kube-')),
    addresses,
    routes: routes
      .filter(({ table, dst, gateway }) => table === undefined && gateway !== undefined && !dst.includes(':'))
      .filter(({ gateway = '' }) => familyIs4(gateway))
      .map(({ dst, gateway = '' }) => `${dst} via ${gateway}`),
    rules: [],
  }
}

/** What `nft -j` printed, without the tables of iptables-nft, in an order that `nft -j -f` takes: chains before the maps that lead to them. */
function nativeOnly(text: string): string | undefined {
  const { nftables } = JSON.parse(text) as { readonly nftables: readonly Readonly<Record<string, unknown>>[] }
  const foreign = nftablesOf('', nftables).tables.filter(isIptablesTable)
  const order = ['table', 'chain', 'set', 'map', 'rule']
  const own = order.flatMap((kind) =>
    nftables.filter((item) => {
      const { family, table, name } = record(item[kind])
      const of = kind === 'table' ? name : table
      return item[kind] !== undefined && !foreign.some((one) => one.family === family && one.name === of)
    }),
  )
  return own.length === 0 ? undefined : JSON.stringify({ nftables: own })
}

/** Addresses, protocols and ports that rules speak of, each to be asked from everywhere. */
function packetsFor(
  { addresses, ports }: World,
  rules: Readonly<Record<string, unknown>>,
  count: number,
): TestPacket[] {
  const text = Object.values(rules).join('\n')
  const own = addresses.map(([address]) => address.replace(/\/\d+$/, ''))
  const found = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match.slice(1))
  const pairs = [
    ...found(/-d ([\d.]+)\/32 .*-p (tcp|udp) .*--dport (\d+)/g),
    ...found(/"concat":\["([\d.]+)","(tcp|udp)",(\d+)\]/g),
    ...found(/^add KUBE-(?:LOAD|EXTERNAL|CLUSTER)\S* ([\d.]+),(tcp|udp):(\d+)/gm),
    ...found(/--to-destination ([\d.]+)():(\d+)/g),
  ]
  const nodePorts = [
    ...found(/-A KUBE-NODEPORTS .*-p (tcp|udp) .*--dport (\d+)/g),
    ...found(/"concat":\["(tcp|udp)",(\d+)\]/g),
    ...found(/^add KUBE-NODE-PORT\S* ()(\d+)$/gm),
  ].flatMap(([protocol, port]) => [...own, '127.0.0.1'].map((address) => [address, protocol, port]))
  const services = [...pairs, ...nodePorts].map(([address = '', protocol, port]) => ({
    dst: address,
    protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
    dport: Number(port),
  }))
  const asked = [...services, ...services.map((one) => ({ ...one, dport: 9 }))]
  const unique = [...new Map(asked.map((one) => [JSON.stringify(one), one])).values()]
  const senders: readonly (readonly [From, string])[] = [
    ...['10.240.0.50', '10.240.0.12', '10.240.0.21', '10.240.1.5', '192.0.2.7'].map((src) => ['client', src] as const),
    ...Object.entries(ports).map(([port, src]) => [port === 'vp2' ? 'pod2' : 'pod3', src] as const),
    ...[...own, '127.0.0.1'].map((src) => ['node', src] as const),
  ]
  const all = unique.flatMap((one) =>
    senders
      .filter(([from, src]) => from === 'node' || (one.dst !== '127.0.0.1' && !own.includes(src)))
      .map(([from, src]) => ({ from, src, ...one })),
  )
  const [chosen = []] = fc.sample(fc.shuffledSubarray(all, { minLength: Math.min(count, all.length) }), {
    seed: 1,
    numRuns: 1,
  })
  return chosen.slice(0, count).map((one) => ({ ...one, sport: freshPort(40_000) }))
}
