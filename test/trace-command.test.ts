import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseClient } from '../src/diagnosis/client.ts'
import { packetsToTrace } from '../src/diagnosis/trace-target.ts'
import { tracedPacket } from '../src/diagnosis/traced-packet.ts'
import { plain } from '../src/report/paint.ts'
import { traceText } from '../src/report/trace.ts'
import { lost } from './kit/proofs.ts'
import { recordedWorld } from './kit/recorded-world.ts'
import { known } from '../src/evidence/gap.ts'
import { nodesForTrace } from '../src/journey/nodes-for-vip.ts'
import { fixture, fixtureNames, fixturePath, fixtureStore, truthOf, variant } from './kit/fixtures.ts'

const bin = path.join(import.meta.dirname, '../bin/run.js')
const asked = { client: { kind: 'vpc' }, fabric: 'lan', vpcId: null } as const

function trace(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'trace', ...args], { encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

describe.each(fixtureNames)('%s', (name) => {
  test('every rule that is printed stands in the dump at the place that is printed', async () => {
    const { vip, port } = await truthOf(name)
    if (vip === null) return
    const evidence = await fixture(name)
    const store = await fixtureStore(name)
    const place = vip.includes(':') ? `[${vip}]:${String(port)}` : `${vip}:${String(port)}`
    for (const node of evidence.nodeNames) {
      for (const question of packetsToTrace(evidence, place, asked)) {
        const { parts, gap } = tracedPacket(evidence, question, node)
        if (gap !== null) continue
        const steps = parts.flatMap(({ journeys }) => journeys.flatMap(({ hops }) => hops.flatMap((hop) => hop.steps)))
        for (const { place, text, printed = text } of steps) {
          if (place === null) continue
          expect(lost(store, { ...place, value: printed })).toBeNull()
        }
        for (const { journeys } of parts)
          expect(journeys.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
      }
    }
  })
})

test('a VIP without a port is traced at all its ports, and the decision is printed rule by rule', () => {
  const { code, stdout } = trace('10.240.0.100', '--node', 'worker-0', '--bundle', fixturePath('hard-way-healthy'))
  expect(code).toBe(0)
  expect(stdout).toMatch(/^10\.240\.0\.100:80\/tcp from vpc at worker-0\n/)
  expect(stdout).toContain('  50.0 %  translated to 10.200.2.2:80 (pod default/nginx-')
  expect(stdout).toContain('PREROUTING, table nat (nodes/worker-0/iptables-nft-save.txt, by line)')
  expect(stdout).toMatch(/^ +\d+ {2}-A KUBE-SEP-\S+ .* -j DNAT --to-destination 10\.200\.2\.2:80$/m)
  expect(stdout).toContain('on worker-1: sent on to 10.200.3.3:80')
})

test('as JSON the same trace has every rule with its file and line', () => {
  const { stdout } = trace(
    ...['10.240.0.100:80', '--node', 'worker-0', '--bundle', fixturePath('hard-way-healthy')],
    ...['--output', 'json', '--client', '10.240.0.50'],
  )
  const { schemaVersion, traces } = JSON.parse(stdout)
  expect(schemaVersion).toBe(1)
  expect(traces).toHaveLength(1)
  expect(traces[0]).toMatchObject({ address: '10.240.0.100', node: 'worker-0', client: '10.240.0.50', gap: null })
  const [{ outcomes }] = traces[0].parts
  expect(outcomes).toHaveLength(2)
  expect(outcomes[0]).toMatchObject({ probability: 0.5, certain: true })
  expect(outcomes[0].hops[0]).toMatchObject({ node: 'worker-0', fate: 'delivered', port: 80, doubt: null })
  expect(outcomes[0].hops[0].rules[0]).toMatchObject({
    backend: 'nft',
    hook: 'PREROUTING',
    table: 'nat',
    chain: 'PREROUTING',
    file: 'nodes/worker-0/iptables-nft-save.txt',
    line: expect.any(Number),
    text: expect.stringMatching(/^-A PREROUTING .* -j KUBE-SERVICES$/),
  })
})

test('an address that is no VIP is traced at the port and protocol that are named, from a pod', async () => {
  const { clusterIP, pod } = await truthOf('kube-proxy-1.34-nftables')
  const { code, stdout } = trace(
    ...[`${clusterIP?.ip ?? ''}:9/udp`, '--node', pod?.node ?? '', '--client', `pod/default/${pod?.name ?? ''}`],
    ...['--bundle', fixturePath('kube-proxy-1.34-nftables')],
  )
  expect(code).toBe(0)
  // kube-proxy's cluster-ips-check refuses ports that no Service has.
  expect(stdout).toMatch(/100 % {2}rejected with icmp-port-unreachable/)
})

test.each(['10.240.0.21', '127.0.0.1'])(
  'a client at %s, an address of the node itself, sets out on it',
  async (client) => {
    const evidence = await fixture('hard-way-healthy')
    const [question] = packetsToTrace(evidence, '10.240.0.100:80', { ...asked, client: parseClient(client) })
    const [part] = question === undefined ? [] : tracedPacket(evidence, question, 'worker-1').parts
    expect(part?.from).toBe('sent by the node itself')
    expect(part?.journeys[0]?.hops[0]?.steps[0]).toMatchObject({ hook: 'OUTPUT', table: 'nat' })
  },
)

test('where the rules of the node are cut off nothing is said of them, and the exit code is 3', async () => {
  const cut = await variant('hard-way-healthy', {
    'nodes/worker-0/iptables-nft-save.txt': (text) => text.slice(0, text.length / 2),
  })
  const packets = packetsToTrace(cut, '10.240.0.100', asked).map((one) => tracedPacket(cut, one, 'worker-0'))
  expect(traceText(packets, plain)).toMatch(/Not known: nodes\/worker-0\/iptables-nft-save\.txt: cut off/)
})

test('without a bundle the node and those that its packets are sent on to are read, as check reads them', async () => {
  const world = await recordedWorld('hard-way-healthy')
  try {
    const args = ['trace', '10.240.0.100:80', '--node', 'worker-0', '--region', 'us-east-1', '--quiet']
    const live = await world.vipdoctor([...args, ...world.nodeOutputs])
    const recorded = trace('10.240.0.100:80', '--node', 'worker-0', '--bundle', fixturePath('hard-way-healthy'))
    expect(live).toMatchObject(recorded)
    // `ssh` is not asked for nodes that the packet does not meet: here it reaches none, and each says so.
    const none = await world.vipdoctor([...args, '--nodes', 'ssh', '--ssh-option', 'ProxyCommand=false'])
    const tried = [...none.stderr.matchAll(/nothing could be read from (\S+):/g)].map(([, node]) => node).sort()
    expect({ code: none.code, tried }).toEqual({ code: 3, tried: ['worker-0', 'worker-1'] })
    expect(none.stdout).toMatch(/^10\.240\.0\.100:80\/tcp from vpc at worker-0\n {2}Not known: nodes\/worker-0\//)
  } finally {
    await world.close()
  }
})

test('of a ClusterIP those nodes are read that have its endpoints', async () => {
  const evidence = await fixture('hard-way-healthy')
  const service = (known(evidence.kubernetes.services) ?? []).find(({ metadata }) => metadata?.name === 'nginx-lb')
  const questions = packetsToTrace(evidence, `${service?.spec?.clusterIP ?? ''}:80`, asked)
  expect(nodesForTrace(evidence, questions, 'controller-0')).toEqual(['controller-0', 'worker-0', 'worker-1'])
})

describe('bad input ends with one sentence and exit code 2', () => {
  const bundle = ['--bundle', fixturePath('hard-way-healthy')]
  test.each([
    [
      'a node that is not there',
      ['10.240.0.100', '--node', 'worker-9', ...bundle],
      'There is no node worker-9.\nDid you mean worker-0 or worker-1?',
    ],
    [
      'a live node without a way to it',
      ['10.240.0.100', '--node', 'worker-0'],
      'How worker-0 is read is not said.\nBy --nodes ssh,',
    ],
    ['no node', ['10.240.0.100', ...bundle], 'Missing required flag node'],
    ['an address without a port', ['10.32.0.1', '--node', 'worker-0', ...bundle], 'its port must be named'],
    ['a text that is none', ['ngin:x', '--node', 'worker-0', ...bundle], '"ngin:x" is neither an address'],
    [
      'a Service that is not there',
      ['nginx-lp', '--node', 'worker-0', ...bundle],
      'There is no Service nginx-lp.\nDid you mean default/nginx-lb?',
    ],
  ] as const)('%s', (_, args, message) => {
    const { code, stdout, stderr } = trace(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
