import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/kube-vip-interface'

test('the leader has the address, deprecated as it must be', async () => {
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'controller-1 leads and has 10.240.0.5 on eth0, deprecated as kube-vip puts it there.'],
  ])
  expect(found(await kubeVipCluster(), id)).toEqual([['pass', expect.stringContaining('worker-0 leads and has')]])
})

test('an interface that the leader does not have is the cause on a LAN, and is named', async () => {
  const evidence = await kubeVipCluster({ env: { vip_interface: 'ens5' }, bound: [] })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^kube-vip leads on worker-0, but no interface there has 10\.240\.0\.100: vip_interface names ens5, and worker-0 has lo, eth0/,
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').causes.map((cause) => cause.id)).toEqual([id])
})

test('the Service’s own interface comes before the settings', async () => {
  const evidence = await kubeVipCluster({
    bound: [],
    service: ({ metadata }) => {
      metadata.annotations['kube-vip.io/serviceInterface'] = 'bond0'
    },
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('the annotation kube-vip.io/serviceInterface names bond0')],
  ])
})

test('on EC2 a Service’s packets arrive by ownership, whatever kube-vip has bound', async () => {
  const evidence = await kubeVipCluster(
    { bound: [], holder: 'controller-0', nodes: ['controller-0'] },
    'hard-way-healthy',
  )
  const diagnosis = diagnosisOf(evidence, 'default/nginx-lb')
  expect([diagnosis.verdict, diagnosis.alsoWrong.map((one) => one.id)]).toEqual(['reachable', [id]])
})

const onLoopback = (value: string) =>
  kubeVipCluster({
    bound: [['worker-0', 'lo']],
    changes: {
      'nodes/worker-0/sysctl.txt': (text) =>
        text.replace(/(net\.ipv4\.conf\.all\.arp_ignore = )\d/, (_, name: string) => `${name}${value}`),
    },
  })

test('on the loopback the kernel keeps silent under strict ARP', async () => {
  expect(found(await onLoopback('1'), id)).toEqual([
    [
      'fail',
      'worker-0 has 10.240.0.100 on lo and does not answer ARP for it: the address is on the loopback, and net.ipv4.conf.all.arp_ignore is 1.',
    ],
  ])
  expect(found(await onLoopback('0'), id)).toEqual([['pass', expect.stringContaining('10.240.0.100 on lo')]])
})

test('an interface that is down, and one of another subnet', async () => {
  const changed = (edit: (eth0: Json) => void) =>
    kubeVipCluster({
      changes: {
        'nodes/worker-0/ip-addr.json': editJson((links: Json) => {
          const eth0 = links.find(({ ifname }: Json) => ifname === 'eth0')
          edit(eth0)
          eth0.addr_info.push({ family: 'inet', local: '10.240.0.100', prefixlen: 32 })
        }),
      },
    })
  const down = await changed((eth0) => {
    eth0.operstate = 'DOWN'
  })
  expect(found(down, id)).toEqual([['fail', 'worker-0 has 10.240.0.100 on eth0, which is down.']])
  const another = await kubeVipCluster({
    bound: [],
    changes: {
      'nodes/worker-0/ip-addr.json': editJson((links: Json) => {
        const addr_info = [{ family: 'inet', local: '10.240.0.100', prefixlen: 32 }]
        links.push({ ifname: 'vips', operstate: 'DOWN', addr_info })
      }),
    },
  })
  expect(found(another, id)).toEqual([
    ['warn', expect.stringContaining('on vips, and its neighbours ask for it by eth0: the kernel answers there')],
  ])
  const elsewhere = await changed((eth0) => {
    eth0.addr_info = [{ family: 'inet', local: '192.168.7.20', prefixlen: 24 }]
  })
  expect(found(elsewhere, id)).toEqual([
    ['warn', expect.stringContaining('whose subnet is 192.168.7.0/24: clients find it by ARP only')],
  ])
})

test('what was not read of the leader is not known', async () => {
  const evidence = await kubeVipCluster({ changes: { 'nodes/worker-0/ip-addr.json': null } })
  expect(found(evidence, id)).toEqual([
    ['unknown', expect.stringContaining('whether worker-0, which leads, has 10.240.0.100 on an interface')],
  ])
})

/** The VIP on the second interface of the leader, while its network is that of the first. */
const besides = (arpIgnore: Readonly<Record<string, number>>) =>
  kubeVipCluster({
    bound: [],
    changes: {
      'nodes/worker-0/ip-addr.json': editJson((links: Json) => {
        const other = { family: 'inet', local: '192.168.7.20', prefixlen: 24, scope: 'global' }
        const vip = { family: 'inet', local: '10.240.0.100', prefixlen: 32, scope: 'global' }
        links.push({ ifname: 'eth1', operstate: 'UP', flags: ['UP'], addr_info: [other, vip] })
      }),
      'nodes/worker-0/sysctl.txt': (text) =>
        Object.entries(arpIgnore).reduce(
          (all, [name, value]) =>
            all.replace(
              new RegExp(`(net\\.ipv4\\.conf\\.${name}\\.arp_ignore = )\\d`),
              (_, setting: string) => `${setting}${String(value)}`,
            ),
          text,
        ),
    },
  })

// Measured in network namespaces: 0 connects, 1 and 2 end with "no route to host", on either setting.
test.each([[{ all: 1 }], [{ eth0: 1 }], [{ all: 2 }], [{ all: 8 }]])(
  'the VIP on another interface than the one by which neighbours ask, with arp_ignore %j: nobody answers',
  async (settings) => {
    const { causes } = diagnosisOf(await besides(settings), 'default/nginx-lb', '10.240.0.50')
    const [[name, value] = []] = Object.entries(settings)
    expect(causes.map((cause) => [cause.id, cause.reason, cause.says])).toEqual([
      [
        id,
        'arp-silent',
        `worker-0 has 10.240.0.100 on eth1 and does not answer ARP for it: requests come in by eth0, and net.ipv4.conf.${name ?? ''}.arp_ignore is ${String(value)}.`,
      ],
    ])
    expect(causes[0]?.fix?.commands).toEqual([`ssh worker-0 sudo sysctl -w net.ipv4.conf.${name ?? ''}.arp_ignore=0`])
  },
)

test('with arp_ignore 0 the kernel answers, which is a warning', async () => {
  const evidence = await besides({ all: 0 })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringContaining('worker-0 has 10.240.0.100 on eth1, and its neighbours ask for it by eth0')],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50').verdict).toBe('reachable')
})
