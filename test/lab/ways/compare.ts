import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { endpointsOn, local } from '../../kit/etp-local.ts'
import { editJson, fixtureStore, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { addressOn, clientOf, nameOn, secondMac, worldOf, type Combination } from './worlds.ts'

/** What a real client saw of one combination, and what vipdoctor says of what the node printed. */
export interface Compared {
  readonly combination: Combination
  readonly connected: boolean
  readonly verdict: 'reachable' | 'unreachable' | 'inconclusive'
  readonly causes: readonly string[]
}

/** A verdict that says something, and something else than what the client saw. */
export const disagrees = ({ connected, verdict }: Compared): boolean =>
  verdict === 'inconclusive' ? false : (verdict === 'reachable') !== connected

type Answer =
  { readonly connected: boolean; readonly dump: Readonly<Record<string, string>> } | { readonly refused: string }

/** What was compared, and the combinations for which this kernel has no devices. */
export interface Ways {
  readonly compared: readonly Compared[]
  readonly skipped: readonly Combination[]
}

/** Builds each combination out of namespaces, lets a client connect, and judges. @throws Error where one cannot be built. */
export async function compareWays(combinations: readonly Combination[]): Promise<Ways> {
  const child = spawn('python3', [path.join(process.cwd(), 'test/lab/ways/ways.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const compared: Compared[] = []
  const skipped: Combination[] = []
  try {
    for (const combination of combinations) {
      child.stdin.write(`${JSON.stringify(worldOf(combination, await recordedRules()))}\n`)
      const { value } = (await lines.next()) as { readonly value: string | undefined }
      const answer = JSON.parse(value ?? '{"refused": "the laboratory ended"}') as Answer
      if ('refused' in answer && answer.refused.includes('Unknown device type')) {
        skipped.push(combination)
        continue
      }
      if ('refused' in answer) throw new Error(`${JSON.stringify(combination)}: ${answer.refused}`)
      const evidence = await evidenceOf(combination, answer.dump)
      const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb', clientOf(combination))
      compared.push({ combination, connected: answer.connected, verdict, causes: causes.map(({ id }) => id) })
    }
  } finally {
    child.stdin.end()
  }
  return { compared, skipped }
}

/** kube-proxy's rules of worker-0, as they were recorded with externalTrafficPolicy: Local: all packets go to its own pod. */
async function recordedRules(): Promise<string> {
  const bytes = (await fixtureStore('etp-local')).read('nodes/worker-0/iptables-nft-save.txt')
  if (isGap(bytes)) throw new Error(bytes.reason)
  // Counters and accounting objects are not rules, and the latter are not there.
  return Buffer.from(bytes)
    .toString()
    .replace(/^\[\d+:\d+\] /gm, '')
    .replace(/^.*--nfacct-name.*\n/gm, '')
}

/** The recording with worker-0 as the laboratory's node printed itself. */
function evidenceOf(one: Combination, dump: Readonly<Record<string, string>>): Promise<Evidence> {
  const printed = Object.fromEntries(
    Object.entries(dump).map(([file, text]): [string, Change] => [`nodes/worker-0/${file}`, text]),
  )
  const address = editJson((list: Json) => {
    const node = list.items.find(({ metadata }: Json) => metadata.name === 'worker-0')
    node.status.addresses.find(({ type }: Json) => type === 'InternalIP').address = addressOn(one, 'eth0')
  })
  if (one.fabric === 'vpc')
    return variant('etp-local', {
      ...printed,
      'kubernetes/nodes.json': address,
      'aws/describe-network-interfaces.json': editJson((listed: Json) => {
        interfacesOf(listed, one)
      }),
    })
  return kubeVipCluster({
    bound: [],
    holder: 'worker-0',
    service: local,
    changes: { ...endpointsOn('worker-0'), ...printed, 'kubernetes/nodes.json': address },
  })
}

/** The account of a combination: both interfaces with their addresses, and the VIP on the one that gets it. */
function interfacesOf(listed: Json, one: Combination): void {
  const first = listed.NetworkInterfaces.find((eni: Json) => eni.NetworkInterfaceId === 'eni-17bf8c96a310b3a5a')
  const second = structuredClone(first)
  listed.NetworkInterfaces.push(second)
  Object.assign(second, { NetworkInterfaceId: 'eni-0second', MacAddress: secondMac })
  second.Attachment.DeviceIndex = 1
  for (const [eni, device] of [
    [first, 'eth0'],
    [second, 'eth1'],
  ] as const) {
    const own = addressOn(one, device)
    const vip = one.into === device ? [{ Primary: false, PrivateIpAddress: '10.240.0.100' }] : []
    eni.PrivateIpAddress = own
    eni.PrivateIpAddresses = [{ Primary: true, PrivateIpAddress: own }, ...vip]
    eni.SourceDestCheck = one.check === 'on'
    eni.SubnetId = own.startsWith('10.240.1.') ? 'subnet-397f6f0d53e3fdacd' : 'subnet-c1dad34c5444e3356'
  }
}

/** The combinations by what they have in common, each with how often the client connected and what was said: one row of a table each. */
export function table(compared: readonly Compared[]): string {
  const rows = new Map<string, { all: number; connected: number; verdicts: Map<string, number>; wrong: number }>()
  for (const one of compared) {
    const { fabric, into, routing, second, bound } = one.combination
    const key =
      fabric === 'vpc'
        ? `vpc | ${into} | ${routing}`
        : `lan | ${nameOn(one.combination, into)} | VIP on ${bound === 'lo' ? 'lo' : nameOn(one.combination, bound)}, second device a ${second}`
    const row = rows.get(key) ?? { all: 0, connected: 0, verdicts: new Map<string, number>(), wrong: 0 }
    rows.set(key, row)
    row.all += 1
    row.connected += Number(one.connected)
    row.wrong += Number(disagrees(one))
    const said = one.causes[0] ?? one.verdict
    row.verdicts.set(said, (row.verdicts.get(said) ?? 0) + 1)
  }
  return [
    '| fabric | comes in by | what is special | combinations | connected | said (how often) | disagreements |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...[...rows].map(([key, { all, connected, verdicts, wrong }]) => {
      const said = [...verdicts].map(([what, often]) => `${what} (${String(often)})`).join(', ')
      return `| ${key} | ${String(all)} | ${String(connected)} | ${said} | ${String(wrong)} |`
    }),
  ].join('\n')
}
