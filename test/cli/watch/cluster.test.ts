import { afterEach, expect, test } from '@jest/globals'
import { capturePath } from '../../capture/captures.ts'
import { recordedWorld, type World } from '../../kit/recorded-world.ts'
import { fixturePath } from '../../kit/fixtures.ts'

let world: World | null = null
afterEach(async () => {
  await world?.close()
  world = null
})

test.each([
  ['captured-vpc-unowned', 'vpc-unowned-speaker-node', ['--seen-from', 'node/controller-0'], ['--region', 'us-east-1']],
  ['captured-vpc-owned', 'vpc-owned-client', [], ['--region', 'us-east-1', '--cluster']],
] as const)('MACs are nodes and owners as the live cluster %s shows them', async (name, capture, where, flags) => {
  world = await recordedWorld(name)
  const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--read', capturePath(capture), ...where]
  const live = await world.vipdoctor([...asked, ...flags, ...world.nodeOutputs, '--quiet'])
  const bundle = await world.vipdoctor([...asked, '--bundle', fixturePath(name)])
  expect(live.stderr).toBe('')
  expect(live).toEqual(bundle)
})

test('only what names MACs is asked of the cluster and of the account', async () => {
  world = await recordedWorld('captured-vpc-unowned')
  const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--read', capturePath('vpc-unowned-client')]
  await world.vipdoctor([...asked, '--cluster', '--region', 'us-east-1', '--quiet'])
  expect([...new Set(world.api.asked.map((path) => path.replace(/\?.*/, '')))]).toEqual(['/api/v1/nodes', '/version'])
  expect([...new Set(world.ec2.asked.map(({ action }) => action))].sort()).toEqual([
    'DescribeInstances',
    'DescribeNetworkInterfaces',
    'DescribeVpcs',
    'GetCallerIdentity',
  ])
})

test('without a flag about it no cluster is asked', async () => {
  world = await recordedWorld('captured-vpc-unowned')
  await world.vipdoctor(['capture', 'arp', '--vip', '10.240.0.100', '--read', capturePath('vpc-unowned-client')])
  expect([world.api.asked, world.ec2.asked]).toEqual([[], []])
})

test('on a LAN the nodes’ own listings name the MACs', async () => {
  world = await recordedWorld('lan-healthy')
  const { code, stdout } = await world.vipdoctor([
    'capture',
    'arp',
    '--vip',
    '10.240.0.100',
    '--fabric',
    'lan',
    '--read',
    capturePath('metallb-announce-client'),
    ...world.nodeOutputs,
    '--quiet',
  ])
  expect(stdout).toMatch(/10\.240\.0\.100 is held by controller-0 \(eth0, 0a:58:0a:f0:00:0a\)/)
  expect(code).toBe(0)
})

test.each([
  [['--cluster', '--bundle', fixturePath('captured-vpc-owned')], /^vipdoctor: --cluster is about a live cluster/],
  [['--kubeconfig', '/no/such/file'], /^vipdoctor: .*kubeconfig/i],
  [['--node', 'worker-0', '--read', 'x.pcap'], /^vipdoctor: --node is about listening, and a file was named\./],
  [['--node', 'worker-0', '--source', 'tcpdump'], /^vipdoctor: --source is about this host/],
  [['--node', 'worker-0', '--probe'], /^vipdoctor: --probe asks from this host, and --node listens elsewhere\./],
] as const)('%j is refused in one sentence', async (flags, sentence) => {
  world = await recordedWorld('captured-vpc-owned')
  const { code, stderr } = await world.vipdoctor(['capture', 'arp', '--vip', '10.240.0.100', ...flags])
  expect(stderr).toMatch(sentence)
  expect(code).toBe(2)
})
