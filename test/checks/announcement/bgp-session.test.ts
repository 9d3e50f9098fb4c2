import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { allUp, byBgp, nodeNames, peer, session, withBgpType } from '../../kit/bgp.ts'
import { fixtureStore, variant } from '../../kit/fixtures.ts'
import { withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/bgp-session'
const pods = 'kubernetes/pods.json'

test('does not apply where ARP alone announces', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['skipped', 'No BGPAdvertisement covers the VIP.']])
})

test('passes by the speakers’ metrics', async () => {
  expect(found(await variant('lan-healthy', byBgp({ up: allUp })), id)).toEqual([
    [
      'pass',
      'controller-0, controller-1, worker-0 and worker-1 have a BGP session over which 10.240.0.100 is announced.',
    ],
  ])
})

test('passes by BGPSessionState where frr-k8s speaks', async () => {
  const sessions = nodeNames.map((node) => session(node, '10.240.0.1', 'Established'))
  const evidence = await variant('lan-healthy', { ...byBgp({ sessions }), [pods]: withBgpType('frr-k8s') })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('no session at all is the cause on a LAN', async () => {
  const sessions = nodeNames.map((node) => session(node, '10.240.0.1', 'Active'))
  const evidence = await variant('lan-healthy', { ...byBgp({ sessions }), [pods]: withBgpType('frr-k8s') })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes.map((cause) => cause.id)]).toEqual(['unreachable', [id]])
  expect(causes[0]?.says).toBe(
    'No speaker that announces 10.240.0.100 has a BGP session: controller-0 with 10.240.0.1 (Active), controller-1 with 10.240.0.1 (Active), worker-0 with 10.240.0.1 (Active) and worker-1 with 10.240.0.1 (Active). The routers have no route to it.',
  )
})

test('some sessions are enough for the router, and the others are named', async () => {
  const evidence = await variant('lan-healthy', byBgp({ up: { ...allUp, 'worker-1': false } }))
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'Of the speakers that announce 10.240.0.100 by BGP these have no session: worker-1 with 10.240.0.1 (down). controller-0, controller-1 and worker-0 have one.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('what was not read is not known, and the verdict says so', async () => {
  const evidence = await variant('lan-healthy', byBgp())
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test.each([
  [
    'Calico peers with the same router',
    {},
    {
      'kubernetes/bgppeers.crd.projectcalico.org.json': JSON.stringify({
        items: [{ metadata: { name: 'tor' }, spec: { peerIP: '10.240.0.1:179', asNumber: 64501 } }],
      }),
    },
    'Calico’s BGPPeer tor peers with 10.240.0.1 too, and a router keeps one session with each node’s address',
  ],
  [
    'FRR did not take its configuration',
    {},
    {
      'kubernetes/frrnodestates.frrk8s.metallb.io.json': JSON.stringify({
        items: [{ metadata: { name: 'worker-1' }, status: { lastReloadResult: 'failed: line 7: % Unknown command' } }],
      }),
    },
    'FRR on worker-1 did not take its configuration: failed: line 7: % Unknown command',
  ],
  [
    'native BGP refuses the peer',
    { bfdProfile: 'fast' },
    {},
    'metallb-system/router sets bfdProfile, which MetalLB’s native BGP refuses',
  ],
  [
    'FRR needs ebgpMultiHop',
    { peerAddress: '192.0.2.1' },
    {
      'nodes/worker-1/metallb-metrics.txt': 'metallb_bgp_session_up{peer="192.0.2.1:179"} 0\n',
      [pods]: withBgpType('frr'),
    },
    '192.0.2.1 lies in no network of worker-1, and metallb-system/router lacks ebgpMultiHop',
  ],
])('%s: said of the session that is down', async (_, spec, changes, says) => {
  const evidence = await variant('lan-healthy', {
    ...byBgp({ peers: [peer('router', '10.240.0.1', spec)], up: { 'worker-1': false } }),
    ...changes,
  })
  expect(found(evidence, id)[0]?.[1]).toContain(
    `worker-1 with ${'peerAddress' in spec ? '192.0.2.1' : '10.240.0.1'} (down); ${says}`,
  )
})

test('a Calico peer is a warning also where the sessions are up', async () => {
  const evidence = await variant('lan-healthy', {
    ...byBgp({ up: allUp }),
    'kubernetes/bgppeers.crd.projectcalico.org.json': JSON.stringify({
      items: [{ metadata: { name: 'tor' }, spec: { peerIP: '10.240.0.1' } }],
    }),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('warn')
})

test('taking evidence away never makes the VIP reachable', async () => {
  const down = byBgp({ up: Object.fromEntries(nodeNames.map((node) => [node, false])) })
  const files = [
    ...(await fixtureStore('lan-healthy')).list('kubernetes').map((file) => `kubernetes/${file}`),
    ...nodeNames.flatMap((node) => [`nodes/${node}/metallb-metrics.txt`, `nodes/${node}/ip-addr.json`]),
  ].filter((file) => file !== 'kubernetes/services.json')
  for (const file of files) {
    const evidence = await variant('lan-healthy', { ...down, [file]: null })
    expect([file, diagnosisOf(evidence, 'default/nginx-lb').verdict]).not.toEqual([file, 'reachable'])
  }
})

test('a router behind another gets ebgpMultiHop by a line, whether or not the state of the session is known', async () => {
  const far = (sessions?: readonly object[]) =>
    variant('lan-healthy', {
      ...byBgp({ peers: [peer('router', '10.99.0.1')], ...(sessions === undefined ? {} : { sessions }) }),
      [pods]: withBgpType('frr-k8s'),
    })
  const mends = [
    `kubectl -n metallb-system patch bgppeers.metallb.io router --type merge -p '{"spec":{"ebgpMultiHop":true}}'`,
  ]
  const down = await far(nodeNames.map((node) => session(node, '10.99.0.1', 'Active')))
  const [cause] = diagnosisOf(down, 'default/nginx-lb').causes
  expect([cause?.id, cause?.fix?.commands]).toEqual([id, mends])
  const open = diagnosisOf(await far(), 'default/nginx-lb').findings.find((one) => one.id === id)
  expect([open?.status, open?.fix?.commands]).toEqual(['unknown', mends])
})

test('a firewall of the nodes that drops their sessions is told with its fix, and what its own check says follows', async () => {
  const nodes = Object.fromEntries(
    nodeNames.map((node) => [
      `nodes/${node}/iptables-nft-save.txt`,
      withRules(['-A OUTPUT -p tcp -m tcp --dport 179 -j DROP']),
    ]),
  )
  const sessions = nodeNames.map((node) => session(node, '10.240.0.1', 'Connect'))
  const evidence = await variant('lan-healthy', { ...byBgp({ sessions }), [pods]: withBgpType('frr-k8s'), ...nodes })
  const { causes, alsoWrong } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => [cause.id, cause.consequences.map((one) => one.id)])).toEqual([
    [id, ['control/bgp-ports']],
  ])
  expect(alsoWrong).toEqual([])
  expect(causes[0]?.says).toContain(
    '; controller-0, controller-1, worker-0 and worker-1 drop tcp/179 to 10.240.0.1 (filter chain OUTPUT).',
  )
  expect(causes[0]?.fix?.commands[0]).toBe(
    'ssh controller-0 sudo iptables-nft -t filter -I OUTPUT -s 10.240.0.10 -d 10.240.0.1 -p tcp --dport 179 -j ACCEPT',
  )
})
