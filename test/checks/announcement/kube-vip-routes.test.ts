import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'

const id = 'announcement/kube-vip-routes'

const inMode = (env: Readonly<Record<string, string>>, more: Parameters<typeof kubeVipCluster>[0] = {}) =>
  kubeVipCluster({
    env: { vip_arp: 'false', vip_leaderelection: 'false', ...env },
    holder: undefined,
    bound: [],
    ...more,
  })

const byTable = (changes: Readonly<Record<string, Change>> = {}) => inMode({ vip_routingtable: 'true' }, { changes })
const routed = editJson((routes: Json) => {
  routes.push({ dst: '10.240.0.100', dev: 'eth0', table: '198', protocol: '248', scope: 'link', flags: [] })
})
const routes = { 'nodes/worker-0/ip-route.json': routed, 'nodes/worker-1/ip-route.json': routed }

test('by ARP nothing is told to routers', async () => {
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([['skipped', expect.any(String)]])
  expect(found(await kubeVipCluster(), id)).toEqual([
    ['skipped', 'Only by BGP and by routing table does kube-vip tell routers.'],
  ])
})

test('without a route in the table no router can learn of it', async () => {
  const { verdict, causes } = diagnosisOf(await byTable(), 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    'kube-vip is to write 10.240.0.100 into routing table 198, and none of worker-0 and worker-1 has a route to it there.',
  ])
})

test('a route that no daemon tells routers of is the cause', async () => {
  expect(found(await byTable(routes), id)).toEqual([
    [
      'fail',
      'kube-vip writes 10.240.0.100 into routing table 198 of worker-0 and worker-1, and no routing daemon runs there that would tell a router of it.',
    ],
  ])
})

test('with a daemon it is not known, and never reachable', async () => {
  const evidence = await byTable({
    ...routes,
    'nodes/worker-0/processes.txt': (text) => `${text}    900 /usr/sbin/bird -f -u bird -g bird\n`,
  })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
  expect(found(await byTable({ 'nodes/worker-0/': null }), id)[0]?.[0]).toBe('unknown')
})

test('by BGP without a peer no session can be opened', async () => {
  for (const peers of [{}, { bgp_peers: '' }] as const) {
    const [cause] = diagnosisOf(await inMode({ bgp_enable: 'true', ...peers }), 'default/nginx-lb').causes
    expect([cause?.id, cause?.reason]).toEqual([id, 'no-peer'])
  }
})

test.each([
  ['bgp_peers', '10.240.0.1:65000:secret:false,[fd00::1]:65000', '10.240.0.1 and fd00::1'],
  ['bgp_peeraddress', '10.240.0.1', '10.240.0.1'],
])('its peers stand in %s, and whether sessions are up is not known', async (name, value, peers) => {
  const evidence = await inMode({ bgp_enable: 'true', [name]: value })
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      `worker-0 and worker-1 are to tell ${peers} of 10.240.0.100 by BGP; whether the sessions are up stands in no object of kube-vip.`,
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test('peers whose value is not in the evidence are no missing ones', async () => {
  const evidence = await inMode(
    { bgp_enable: 'true', bgp_peers: 'x' },
    {
      pods: (pods) => {
        for (const { spec } of pods)
          for (const variable of spec.containers[0].env) if (variable.name === 'bgp_peers') delete variable.value
      },
    },
  )
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})

test('an address on an interface in its subnet is answered for by the kernel', async () => {
  const evidence = await inMode({ bgp_enable: 'true' }, { bound: [['worker-0', 'eth0']] })
  expect(found(evidence, id)).toEqual([
    [
      'pass',
      'worker-0 has 10.240.0.100 on an interface and is in its subnet: the kernel answers for it there, whatever routers learn.',
    ],
  ])
})
