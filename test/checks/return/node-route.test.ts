import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, wild, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'return/node-route'
const client = '10.240.0.50'
const push = (...added: readonly Json[]) => editJson((list: Json) => list.push(...added))
const healthy = (changes: Readonly<Record<string, Change>>) => variant('hard-way-healthy', changes)

test.each(['hard-way-healthy', 'lan-healthy', 'ipvs', 'nftables', 'etp-local'])(
  '%s: the nodes’ routes lead back',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([
      ['pass', expect.stringMatching(/^The routes that answers meet on \S+ lead towards the client\.$/)],
    ])
  },
)

test('a bridge whose range covers the client swallows its answers', async () => {
  const evidence = await wild('live-return-by-other-route')
  const { verdict, causes } = diagnosisOf(evidence, '10.240.0.100', client)
  expect([verdict, causes.map((cause) => [cause.id, cause.reason, cause.says, cause.fix?.commands])]).toEqual([
    'unreachable',
    [
      [
        id,
        'leads-inside',
        'On worker-0 the route 10.240.0.48/28 dev docker0 of table main covers the client 10.240.0.50: the answers of 10.200.3.2 go into docker0, behind which there is nothing but what runs on worker-0.',
        ['ssh worker-0 sudo ip route replace 10.240.0.50 dev eth0'],
      ],
    ],
  ])
  expect(causes[0]?.proof).toEqual([expect.objectContaining({ file: 'nodes/worker-0/ip-route.json', pointer: '/3' })])
  expect(found(evidence, id, '10.240.0.100', '10.240.0.70')[0]?.[0]).toBe('pass')
})

test('a bridge without a carrier swallows them too, unless its routes are then not used', async () => {
  // Measured in a network namespace: `ip route get` names a device that is linkdown, but for ignore_routes_with_linkdown.
  const linkdown = (routes: Json) => (routes.find(({ dev }: Json) => dev === 'docker0').flags = ['linkdown'])
  const idle = { 'nodes/worker-0/ip-route.json': editJson(linkdown) }
  const ignored = {
    ...idle,
    'nodes/worker-0/sysctl.txt': (text: string) => `${text}net.ipv4.conf.docker0.ignore_routes_with_linkdown = 1\n`,
  }
  const status = async (changes: Readonly<Record<string, Change>>) =>
    found(await wild('live-return-by-other-route', changes), id, '10.240.0.100', client)[0]?.[0]
  expect([await status(idle), await status(ignored)]).toEqual(['fail', 'pass'])
})

test('the printed fix mends it', async () => {
  const evidence = await wild('live-return-by-other-route', {
    'nodes/worker-0/ip-route.json': push({ dst: client, dev: 'eth0', flags: [] }),
  })
  expect(diagnosisOf(evidence, '10.240.0.100', client).verdict).toBe('reachable')
})

test('a bridge that a network card is joined to leads out', async () => {
  const evidence = await wild('live-return-by-other-route', {
    'nodes/worker-0/ip-link.json': push({ ifname: 'eth1', master: 'docker0', address: '02:00:00:00:00:01', flags: [] }),
  })
  expect(found(evidence, id, '10.240.0.100', client)[0]?.[0]).toBe('pass')
})

test.each(['blackhole', 'unreachable', 'prohibit'])(
  'a rule for the pods that leads to a table with a %s default route',
  async (type) => {
    const evidence = await healthy({
      'nodes/controller-0/ip-rule.json': push({ priority: 90, src: '10.200.0.0', srclen: 16, table: '100' }),
      'nodes/controller-0/ip-route.json': push({ type, dst: 'default', table: '100', flags: [] }),
    })
    const { causes } = diagnosisOf(evidence, 'default/nginx-lb', client)
    expect(causes.map((cause) => [cause.id, cause.says, cause.fix?.commands])).toEqual([
      [
        id,
        `On controller-0 the answers of 10.200.2.2 to the client 10.240.0.50 meet the route ${type} default of table 100 (rule 90: from 10.200.0.0/16): they are dropped.`,
        [`ssh controller-0 sudo ip route del ${type} default table 100`],
      ],
    ])
    expect(causes[0]?.proof.map(({ file }) => file)).toEqual([
      'nodes/controller-0/ip-route.json',
      'nodes/controller-0/ip-rule.json',
    ])
  },
)

test('a rule that drops by itself', async () => {
  const evidence = await healthy({
    'nodes/controller-0/ip-rule.json': push({
      priority: 90,
      src: 'all',
      dst: '10.240.0.48',
      dstlen: 28,
      action: 'blackhole',
    }),
  })
  expect(
    diagnosisOf(evidence, 'default/nginx-lb', client).causes.map((cause) => [cause.id, cause.fix?.commands]),
  ).toEqual([[id, ['ssh controller-0 sudo ip rule del priority 90']]])
})

test('rules that do not meet the answer: from the VIP, by the other device, with another mark', async () => {
  const blackhole = push({ type: 'blackhole', dst: 'default', table: '100', flags: [] })
  for (const rule of [{ src: '10.240.0.100' }, { src: 'all', iif: 'eth7' }, { src: 'all', fwmark: '0x1' }]) {
    const evidence = await healthy({
      'nodes/controller-0/ip-rule.json': push({ priority: 90, table: '100', ...rule }),
      'nodes/controller-0/ip-route.json': blackhole,
    })
    expect(found(evidence, id, 'default/nginx-lb', client)[0]?.[0]).toBe('pass')
  }
})

test('the pod’s own node has no way to the node that asked', async () => {
  const evidence = await healthy({
    'nodes/worker-0/ip-route.json': push({ type: 'unreachable', dst: '10.240.0.10', flags: [] }),
  })
  const findings = found(evidence, id, 'default/nginx-lb', client)
  expect(findings).toEqual([
    [
      'warn',
      expect.stringContaining(
        'On worker-0 the answers of 10.200.2.2 to the node that asked for it (10.240.0.10) meet the route unreachable 10.240.0.10 of table main: they are dropped.',
      ),
    ],
  ])
})

test('no route at all, for a client outside the node’s network', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/controller-0/ip-route.json': editJson((routes: Json) => {
      for (const one of routes.filter(({ dst }: Json) => dst === 'default')) routes.splice(routes.indexOf(one), 1)
    }),
  })
  expect(found(evidence, id, 'default/nginx-lb', '192.0.2.7')).toEqual([
    [
      'fail',
      expect.stringMatching(/^\S+ has no route to the client 192\.0\.2\.7: the answers of \S+ are dropped there\.$/),
    ],
  ])
})

test('wg-quick’s table behind `suppress_prefixlength 0` is only for what main does not name', async () => {
  const evidence = await healthy({
    'nodes/controller-0/ip-rule.json': editJson((rules: Json) =>
      rules.push(
        { priority: 80, src: 'all', table: 'main', suppress_prefixlen: 0 },
        { priority: 81, not: null, src: 'all', fwmark: '0xca6c', table: '51820' },
      ),
    ),
    'nodes/controller-0/ip-route.json': push({ type: 'blackhole', dst: '192.0.2.0/24', table: '51820', flags: [] }),
  })
  expect(found(evidence, id, 'default/nginx-lb', client)[0]?.[0]).toBe('pass')
  expect(found(evidence, id, 'default/nginx-lb', '192.0.2.7')[0]?.[0]).toBe('fail')
})
