// scripts/peers: kube-proxy's packet-flow tests against the tracer, then the same rules and packets against this machine's kernel.
import path from 'node:path'
import { parseAddress } from '../../src/net/address.ts'
import { counted } from '../../src/net/words.ts'
import { judgeCase } from '../lab/kernel/judge.ts'
import { openLab, type Lab, type TestPacket } from '../lab/kernel/lab.ts'
import { freshPort } from '../lab/kernel/packets.ts'
import { expected, readDumps, traced, type Dumped, type Flow } from './flows.ts'
import { loadable, nodeWith, world, type Backend } from './node.ts'

interface Sum {
  flows: number
  disagreements: number
  uncertain: number
  /** Rule sets that did not load. */
  refused: number
  /** Expectations that this kernel does not meet, while the tracer says what it does. */
  refuted: number
}
const nothing = (): Sum => ({ flows: 0, disagreements: 0, uncertain: 0, refused: 0, refuted: 0 })

function text({ flows, disagreements, uncertain, refused, refuted }: Sum): string {
  const more = [
    ...(refused === 0 ? [] : [`${String(refused)} rule sets NOT LOADED`]),
    ...(refuted === 0 ? [] : [`${counted(refuted, 'expectation')} that the kernel does not meet`]),
  ]
  return [
    `${String(flows)} flows`,
    `${String(disagreements)} disagreements`,
    `${String(uncertain)} not certain`,
    ...more,
  ].join(', ')
}

/** What the tracer says of each flow, against what the test expects; where they differ the kernel is asked. */
async function compare(lab: Lab, dumps: readonly Dumped[], backend: Backend): Promise<Sum> {
  const sum = nothing()
  for (const dumped of dumps) {
    const node = nodeWith(dumped, backend)
    if (typeof node === 'string') {
      console.log(`  ${dumped.test}: ${node.split('\n')[0] ?? ''}`)
      sum.refused += 1
      continue
    }
    for (const flow of dumped.flows) {
      const { says, certain } = traced(node, flow)
      sum.flows += 1
      if (!certain) sum.uncertain += 1
      if (says === expected(flow)) continue
      const known = certain && !dumped.ipv6 && (await kernelAgrees(lab, dumped, backend, flow))
      if (known) sum.refuted += 1
      else sum.disagreements += 1
      console.log(`  ${dumped.test}, ${flow.name}: ${flow.source} to ${flow.destination}:${String(flow.port)}`)
      console.log(`    expected ${expected(flow)}; traced ${says}${known ? ', as the kernel does' : ''}`)
    }
  }
  return sum
}

const inputs = { 'iptables (nft)': 'nft-save', 'iptables (legacy)': 'legacy-save', nftables: 'nft' } as const

const judge = (lab: Lab, { rules }: Dumped, backend: Backend, packets: readonly TestPacket[]) =>
  judgeCase(lab, { [inputs[backend]]: loadable(rules), packets })

async function kernelAgrees(lab: Lab, dumped: Dumped, backend: Backend, flow: Flow): Promise<boolean> {
  const judged = await judge(lab, dumped, backend, [packetOf(flow)])
  return judged?.disagreements.length === 0
}

/** Every source of a rule set's flows to every destination of theirs, through the kernel and the tracer. Of IPv4: the laboratory has no other. */
async function compareWithKernel(lab: Lab, dumps: readonly Dumped[], backend: Backend): Promise<Sum> {
  const sum = nothing()
  for (const dumped of dumps.filter(({ ipv6 }) => !ipv6)) {
    const { test, flows } = dumped
    const sources = [...new Set(flows.map(({ source }) => source))]
    const packets = flows.flatMap((flow) => sources.map((source) => packetOf({ ...flow, source }))).slice(0, 200)
    const judged = await judge(lab, dumped, backend, packets)
    if (judged === null) {
      sum.refused += 1
      continue
    }
    sum.flows += packets.length
    sum.uncertain += judged.doubtful
    sum.disagreements += judged.disagreements.length
    for (const one of judged.disagreements) console.log(`  ${test}: ${JSON.stringify(one)}`)
  }
  return sum
}

function packetOf({ source, destination, port, protocol }: Flow): TestPacket {
  const own = world.addresses.some(([cidr]) => cidr.startsWith(`${source}/`)) || source.startsWith('127.')
  const pod = parseAddress(source)?.text.startsWith('10.') === true
  return {
    from: own ? 'node' : pod ? 'pod3' : 'client',
    src: source,
    dst: destination,
    protocol: protocol.toLowerCase() === 'udp' ? 'udp' : 'tcp',
    sport: freshPort(40_000),
    dport: port,
  }
}

const lab = await openLab(world)
const all: Sum[] = []
for (const file of process.argv.slice(2)) {
  const dumps = readDumps(file)
  for (const backend of ['iptables (nft)', 'iptables (legacy)', 'nftables'] as const) {
    const mine = dumps.filter(({ mode }) => backend.startsWith(mode))
    const release = `kube-proxy ${path.basename(file, '.jsonl')} ${backend}`
    for (const [against, compared] of [
      ['its tests', await compare(lab, mine, backend)],
      ['the kernel', await compareWithKernel(lab, mine, backend)],
    ] as const) {
      all.push(compared)
      console.log(`${release}, against ${against}: ${text(compared)}`)
    }
  }
}
lab.close()
const wrong = all.some((one) => one.flows === 0 || one.disagreements + one.uncertain + one.refused > 0)
process.exitCode = wrong || all.length === 0 ? 1 : 0
