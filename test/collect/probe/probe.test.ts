import { spawnSync } from 'node:child_process'
import net from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { connectScript, outcomesIn, tcpConnect } from '../../../src/collect/probe/connect.ts'
import { counted, countersOf } from '../../../src/collect/probe/counters.ts'
import { nodeScript } from '../../../src/collect/node/script.ts'
import { probe } from '../../../src/collect/probe/probe.ts'
import { questionsFor } from '../../../src/diagnosis/targets.ts'
import { evidenceOf } from '../../../src/evidence/evidence.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { addressOf } from '../../../src/net/address.ts'
import { fixtureStore } from '../../kit/fixtures.ts'
import { recordedWorld } from '../../kit/recorded-world.ts'
import { testNeeding } from '../../kit/needing.ts'

const vip = addressOf(4, 0x0af00064n)
const port = { protocol: 'tcp', port: 80 } as const
const never = new AbortController().signal

const dumpOf = async (name: string, file = 'iptables-nft-save.txt') => {
  const bytes = (await fixtureStore(name)).read(`nodes/worker-0/${file}`)
  return isGap(bytes) ? '' : Buffer.from(bytes).toString()
}

describe('the counters of the VIP’s rules', () => {
  test.each([
    ['iptables', 'hard-way-healthy', 'iptables-nft-save.txt', true],
    ['iptables-legacy', 'iptables-legacy', 'iptables-legacy-save.txt', true],
    ['nftables, which counts nothing', 'nftables', 'iptables-nft-save.txt', false],
    ['IPVS, which counts elsewhere', 'ipvs', 'iptables-nft-save.txt', false],
  ])('are read from a node with %s', async (_, name, file, there) => {
    const counters = countersOf(await dumpOf(name, file), vip, port)
    if (there) expect(counters).toEqual({ met: expect.any(Number), translated: expect.any(Number) })
    else expect(counters).toBeNull()
  })

  test.each([
    ['that stand still', { met: 3, translated: 3 }, { met: 3, translated: 3 }, 'never-arrived'],
    ['of the VIP alone', { met: 3, translated: 3 }, { met: 5, translated: 3 }, 'not-translated'],
    ['of both', { met: 3, translated: 3 }, { met: 5, translated: 5 }, 'translated'],
    [
      'of the pod only, after a sync set the dispatch chain to zero',
      { met: 3, translated: 3 },
      { met: 0, translated: 4 },
      'translated',
    ],
    ['that a sync set to zero', { met: 3, translated: 3 }, { met: 1, translated: 3 }, 'unknown'],
    ['that are not there', null, { met: 1, translated: 3 }, 'unknown'],
  ] as const)('%s tell what they tell', (_, before, after, expected) => {
    expect(counted(before, after)).toBe(expected)
  })
})

// For namespaces.
const asRoot = testNeeding('root')

/** A client and a node of two namespaces; the node's rules as kube-proxy writes them, dumped before and after the client's SYN. */
function realCounters(rules: readonly string[], route = true): string {
  const script = `
    ip link set lo up; unshare -n sleep 60 & node=$!; sleep 0.3
    in_node() { nsenter -t $node -n "$@"; }
    ip link add client0 type veth peer name node0; ip link set node0 netns $node
    ip addr add 10.240.0.50/24 dev client0; ip link set client0 up
    in_node ip addr add 10.240.0.20/24 dev node0; in_node ip link set node0 up; in_node ip link set lo up
    in_node sysctl -qw net.ipv4.ip_forward=1
    in_node ip route add blackhole 10.200.0.0/16
    ${route ? 'ip route add 10.240.0.100/32 via 10.240.0.20' : ''}
    in_node iptables-nft -t nat -N KUBE-SERVICES; in_node iptables-nft -t nat -N KUBE-EXT-A; in_node iptables-nft -t nat -N KUBE-SEP-A
    # Without any rule that translates, the kernel tracks no connection here and passes none through nat.
    in_node iptables-nft -t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
    in_node iptables-nft -t nat -A PREROUTING -j KUBE-SERVICES
    in_node iptables-nft -t nat -A KUBE-SERVICES -d 10.240.0.100/32 -p tcp -m tcp --dport 80 -j KUBE-EXT-A
    ${rules.map((rule) => `in_node iptables-nft -t nat ${rule}`).join('; ')}
    in_node iptables-nft-save -c; echo =====
    timeout 2 bash -c 'exec 3<>/dev/tcp/10.240.0.100/80' 2>/dev/null
    in_node iptables-nft-save -c; kill $node`
  return spawnSync('unshare', ['-n', 'bash', '-c', script], { encoding: 'utf8' }).stdout
}

asRoot.each([
  ['translated', ['-A KUBE-EXT-A -j KUBE-SEP-A', '-A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.200.0.2:80'], true],
  ['not-translated', ['-A KUBE-EXT-A -j RETURN'], true],
  [
    'never-arrived',
    ['-A KUBE-EXT-A -j KUBE-SEP-A', '-A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.200.0.2:80'],
    false,
  ],
])('a real SYN that ended %s is counted so by the kernel', (expected, rules, route) => {
  const [before = '', after = ''] = realCounters(rules, route).split('=====')
  expect(counted(countersOf(before, vip, port), countersOf(after, vip, port))).toBe(expected)
})

describe('a TCP connect', () => {
  test('tells what answered, from here and as a node would say it', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const open = (server.address() as net.AddressInfo).port
    const options = { timeoutMs: 1_000, signal: never }
    const script = (...to: number[]) =>
      outcomesIn(
        spawnSync('sh', ['-s'], {
          input: connectScript(
            to.map((one) => ({ address: '127.0.0.1', port: one })),
            1,
          ),
          encoding: 'utf8',
        }).stdout,
        to.length,
      )
    expect(await tcpConnect('127.0.0.1', open, options)).toBe('connected')
    expect(script(open, 1)).toEqual(['connected', 'refused'])
    expect(script(...Array.from({ length: 70 }, (_, index) => (index === 40 ? open : 1)))).toEqual(
      Array.from({ length: 70 }, (_, index) => (index === 40 ? 'connected' : 'refused')),
    )
    server.close()
    expect(await tcpConnect('127.0.0.1', 1, options)).toBe('refused')
    expect(outcomesIn('a banner\n', 2)).toEqual(['not tried', 'not tried'])
  })
})

describe('with nodes reached', () => {
  /** Every node prints what a node script of its own would: here, which node was asked for what. */
  const probed = async (reaches: readonly string[] | null) => {
    const evidence = evidenceOf(await fixtureStore('hard-way-healthy'), {
      time: null,
      tool: null,
      redacted: false,
      gaps: [],
    })
    const { questions } = questionsFor(evidence, [], { client: { kind: 'vpc' }, fabric: 'ec2', vpcId: null })
    const asked: string[] = []
    const probes = await probe(evidence, questions, {
      transport: ({ node }, { script }) => {
        asked.push(`${node} ${script === nodeScript ? 'counters' : 'connects'}`)
        return Promise.resolve({
          bytes: Buffer.from('vipdoctor-probe 0 connected\nvipdoctor-probe 1 refused\n'),
          ended: null,
        })
      },
      reaches,
      targetOf: (node) => ({ node: node.metadata?.name ?? '', address: '' }),
      timeoutMs: 300,
      signal: never,
      progress: () => undefined,
    })
    return { asked, probes }
  }

  test('a node that does not receive the VIP connects to it and to every nodePort', async () => {
    const { asked, probes } = await probed(null)
    const from = probes.filter(({ from }) => from !== 'here')
    const [connecting = ''] = asked.filter((one) => one.endsWith('connects'))
    const [receiving = ''] = asked.filter((one) => one.endsWith('counters'))
    expect(connecting.split(' ')[0]).not.toBe(receiving.split(' ')[0])
    expect(new Set(from.map((one) => `${one.from} connects`))).toEqual(new Set([connecting]))
    expect(from.map(({ to, outcome }) => [to, outcome]).slice(0, 2)).toEqual([
      ['10.240.0.100:80', 'connected'],
      [expect.stringMatching(/^10\.240\.0\.\d+:3\d{4}$/), 'refused'],
    ])
    expect(from[0]?.says).toMatch(/so that proves nothing about delivery\.$/)
    expect(probes.filter(({ from, to }) => from === 'here' && to.includes(':3')).length).toBe(from.length - 1)
  })

  test('where only this machine is read, no other node is spoken for', async () => {
    expect((await probed(['worker-1'])).asked.filter((one) => !one.startsWith('worker-1 '))).toEqual([])
    expect((await probed([])).asked).toEqual([])
  })
})

test('--probe shows what it tried behind the report, and leaves the verdict alone', async () => {
  const world = await recordedWorld('hard-way-healthy')
  const args = ['check', '--region', 'us-east-1', ...world.nodeOutputs, '--quiet']
  const plain = await world.vipdoctor(args)
  const probed = await world.vipdoctor([...args, '--probe'])
  expect(probed.code).toBe(plain.code)
  expect(probed.stdout.replace(/Probes \(sent[^]*?\n\n/, '')).toBe(plain.stdout)
  expect(probed.stdout).toMatch(
    /\nProbes \(sent just now; they never change the verdict\):\n {2}A TCP connect from here to 10\.240\.0\.100:80 ended with: /,
  )
  expect(probed.stdout).toMatch(/to the nodePort of worker-0, 10\.240\.0\.20:\d+, ended with: /)
  const json = JSON.parse((await world.vipdoctor([...args, '--probe', '--output', 'json'])).stdout) as {
    probes: { vip: string }[]
  }
  expect(json.probes[0]?.vip).toBe('10.240.0.100')
  await world.close()
})
