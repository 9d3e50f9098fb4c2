import { describe, expect, test } from '@jest/globals'
import nodeToNode from '../../src/checks/forwarding/node-to-node.ts'
import { encapsulationOf } from '../../src/node/encapsulation.ts'
import { addressOf } from '../../src/net/address.ts'
import { ask, runCheck, says } from '../kit/ask.ts'
import { edited, ids, ingress, tcp, type Edits } from '../fabric/ec2/edits.ts'
import webhookPort from '../../src/checks/control/webhook-port.ts'
import sourceDestCheck from '../../src/checks/forwarding/pod-source-dest-check.ts'
import type { Json } from '../kit/fixtures.ts'

const unread: Edits['files'] = Object.fromEntries(
  ['controller-0', 'controller-1', 'worker-0', 'worker-1'].map((node) => [`nodes/${node}/`, null]),
)

const list = (...items: Json[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

/** What kubectl shows of the CNI plugin. */
interface Shown {
  /** Of each Node. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly configMaps?: readonly (readonly [name: string, data: Readonly<Record<string, string>>])[]
  /** Environment of calico-node. */
  readonly calico?: Readonly<Record<string, string>>
  readonly pools?: readonly Json[]
  readonly felix?: Json
}

/** The healthy recording with none of its nodes read, and with what kubectl would show of another CNI plugin. */
function cluster({ annotations = {}, configMaps = [], calico, pools, felix }: Shown, more: Edits = {}) {
  return edited('hard-way-healthy', {
    ...more,
    nodes: (nodes) => {
      for (const node of nodes) Object.assign((node.metadata.annotations ??= {}), annotations)
    },
    pods: (pods) => {
      if (calico === undefined) return
      const env = Object.entries(calico).map(([name, value]) => ({ name, value }))
      const containers = [{ name: 'calico-node', image: 'quay.io/calico/node:v3.28.1', env }]
      pods.push({
        kind: 'Pod',
        metadata: { name: 'calico-node-x7k2p', namespace: 'kube-system' },
        spec: { nodeName: 'worker-1', hostNetwork: true, containers },
        status: {},
      })
    },
    files: {
      ...unread,
      'kubernetes/configmaps.json': list(
        ...configMaps.map(([name, data]) => ({
          kind: 'ConfigMap',
          metadata: { name, namespace: 'kube-system' },
          data,
        })),
      ),
      ...(pools === undefined
        ? {}
        : {
            'kubernetes/ippools.crd.projectcalico.org.json': list(
              ...pools.map((spec, index) => ({ kind: 'IPPool', metadata: { name: `pool-${String(index)}` }, spec })),
            ),
          }),
      ...(felix === undefined
        ? {}
        : {
            'kubernetes/felixconfigurations.crd.projectcalico.org.json': list({
              kind: 'FelixConfiguration',
              metadata: { name: 'default' },
              spec: felix,
            }),
          }),
      ...more.files,
    },
  })
}

const pod = addressOf(4, 0x0ac80202n)
const flannel = (type: string) => ({ 'flannel.alpha.coreos.com/backend-type': type })
const network = (Backend: object) => [['kube-flannel-cfg', { 'net-conf.json': JSON.stringify({ Backend }) }]] as const
const antrea = (conf: string) => [['antrea-config', { 'antrea-agent.conf': conf }]] as const
const pool = { cidr: '10.200.0.0/16', ipipMode: 'Never', vxlanMode: 'Never' }

const rows: readonly (readonly [name: string, shown: Shown, sameSubnet: boolean, travels: string | null])[] = [
  ['flannel by VXLAN', { annotations: flannel('vxlan') }, true, '17:8472'],
  [
    'flannel by VXLAN at another port',
    { annotations: flannel('vxlan'), configMaps: network({ Type: 'vxlan', Port: 4789 }) },
    true,
    '17:4789',
  ],
  [
    'flannel by VXLAN with DirectRouting, in one subnet',
    { annotations: flannel('vxlan'), configMaps: network({ Type: 'vxlan', DirectRouting: true }) },
    true,
    'itself',
  ],
  [
    'flannel by VXLAN with DirectRouting, between subnets',
    { annotations: flannel('vxlan'), configMaps: network({ Type: 'vxlan', DirectRouting: true }) },
    false,
    '17:8472',
  ],
  ['flannel by host-gw', { annotations: flannel('host-gw') }, true, 'itself'],
  ['flannel by WireGuard', { annotations: flannel('wireguard') }, true, '17:51820'],
  ['flannel by IPIP', { annotations: flannel('ipip') }, true, '4:null'],
  ['flannel by a backend that is not known', { annotations: flannel('ipsec') }, true, null],
  [
    'flannel with a network that is no JSON',
    { annotations: flannel('vxlan'), configMaps: [['kube-flannel-cfg', { 'net-conf.json': '{"Backend":' }]] },
    true,
    null,
  ],
  [
    'Canal: flannel carries, Calico keeps to policies',
    { annotations: flannel('vxlan'), calico: { CALICO_IPV4POOL_IPIP: 'Never', CALICO_IPV4POOL_VXLAN: 'Never' } },
    true,
    '17:8472',
  ],
  ['Calico’s settings for IPIP', { calico: { CALICO_IPV4POOL_IPIP: 'Always' } }, true, '4:null'],
  ['Calico’s settings for VXLAN', { calico: { CALICO_IPV4POOL_VXLAN: 'Always' } }, true, '17:4789'],
  [
    'Calico’s settings for VXLAN at another port',
    { calico: { CALICO_IPV4POOL_VXLAN: 'Always', FELIX_VXLANPORT: '4799' } },
    true,
    '17:4799',
  ],
  [
    'Calico’s settings for IPIP between subnets, in one',
    { calico: { CALICO_IPV4POOL_IPIP: 'CrossSubnet', CALICO_IPV4POOL_VXLAN: 'Never' } },
    true,
    'itself',
  ],
  [
    'Calico’s settings for IPIP between subnets, in two',
    { calico: { CALICO_IPV4POOL_IPIP: 'CrossSubnet', CALICO_IPV4POOL_VXLAN: 'Never' } },
    false,
    '4:null',
  ],
  [
    'Calico’s settings without a tunnel',
    { calico: { CALICO_IPV4POOL_IPIP: 'Never', CALICO_IPV4POOL_VXLAN: 'Never' } },
    true,
    'itself',
  ],
  [
    'Calico’s settings of another range',
    { calico: { CALICO_IPV4POOL_CIDR: '192.168.0.0/16', CALICO_IPV4POOL_IPIP: 'Always' } },
    true,
    null,
  ],
  ['Calico without settings: the operator’s', { calico: {} }, true, null],
  [
    'a pool of Calico against the settings of its first one',
    { calico: { CALICO_IPV4POOL_IPIP: 'Always' }, pools: [{ ...pool, vxlanMode: 'Always' }] },
    true,
    '17:4789',
  ],
  [
    'a pool of Calico by IPIP',
    {
      calico: {},
      pools: [
        { ...pool, cidr: '10.99.0.0/16' },
        { ...pool, ipipMode: 'Always' },
      ],
    },
    true,
    '4:null',
  ],
  [
    'a pool of Calico by VXLAN between subnets, in one',
    { calico: {}, pools: [{ ...pool, vxlanMode: 'CrossSubnet' }] },
    true,
    'itself',
  ],
  [
    'a pool of Calico by VXLAN between subnets, in two',
    { calico: {}, pools: [{ ...pool, vxlanMode: 'CrossSubnet' }] },
    false,
    '17:4789',
  ],
  [
    'no pool of Calico for the pod',
    { calico: { CALICO_IPV4POOL_IPIP: 'Always' }, pools: [{ ...pool, cidr: '10.99.0.0/16' }] },
    true,
    null,
  ],
  [
    'Calico with another port for VXLAN',
    { calico: {}, pools: [{ ...pool, vxlanMode: 'Always' }], felix: { vxlanPort: 4790 } },
    true,
    '17:4790',
  ],
  ['Calico with WireGuard', { calico: {}, pools: [pool], felix: { wireguardEnabled: true } }, true, null],
  [
    'Cilium by VXLAN',
    { configMaps: [['cilium-config', { 'routing-mode': 'tunnel', 'tunnel-protocol': 'vxlan' }]] },
    true,
    '17:8472',
  ],
  [
    'Cilium by Geneve',
    { configMaps: [['cilium-config', { 'routing-mode': 'tunnel', 'tunnel-protocol': 'geneve', 'tunnel-port': '0' }]] },
    true,
    '17:6081',
  ],
  [
    'Cilium at another port',
    { configMaps: [['cilium-config', { 'routing-mode': 'tunnel', 'tunnel-port': '8473' }]] },
    true,
    '17:8473',
  ],
  ['Cilium before 1.14 by VXLAN', { configMaps: [['cilium-config', { tunnel: 'vxlan' }]] }, true, '17:8472'],
  ['Cilium before 1.14 without a tunnel', { configMaps: [['cilium-config', { tunnel: 'disabled' }]] }, true, 'itself'],
  [
    'Cilium by the network’s own routes',
    { configMaps: [['cilium-config', { 'routing-mode': 'native' }]] },
    true,
    'itself',
  ],
  [
    'Cilium with WireGuard',
    { configMaps: [['cilium-config', { 'routing-mode': 'native', 'enable-wireguard': 'true' }]] },
    true,
    '17:51871',
  ],
  [
    'Cilium with IPsec',
    { configMaps: [['cilium-config', { 'routing-mode': 'tunnel', 'enable-ipsec': 'true' }]] },
    true,
    null,
  ],
  [
    'Cilium of which not all was kept',
    { configMaps: [['cilium-config', { 'kube-proxy-replacement': 'true' }]] },
    true,
    null,
  ],
  ['Antrea as it comes', { configMaps: antrea('#trafficEncapMode: noEncap\n') }, true, '17:6081'],
  ['Antrea by VXLAN', { configMaps: antrea('tunnelType: vxlan\n') }, true, '17:4789'],
  ['Antrea at another port', { configMaps: antrea('tunnelPort: 6082\n') }, true, '17:6082'],
  ['Antrea without a tunnel', { configMaps: antrea('trafficEncapMode: "noEncap"\n') }, true, 'itself'],
  ['Antrea in hybrid mode, in one subnet', { configMaps: antrea('trafficEncapMode: hybrid\n') }, true, 'itself'],
  ['Antrea in hybrid mode, between subnets', { configMaps: antrea('trafficEncapMode: hybrid\n') }, false, '17:6081'],
  ['Antrea with WireGuard', { configMaps: antrea('trafficEncryptionMode: wireGuard\n') }, true, null],
  ['two plugins', { configMaps: [...antrea(''), ['cilium-config', { 'routing-mode': 'native' }]] }, true, null],
  ['none of them', {}, true, null],
]

describe('how packets travel between nodes, by what kubectl shows', () => {
  test.each(rows)('%s', async (_, shown, sameSubnet, travels) => {
    const read = encapsulationOf(await cluster(shown), { home: 'worker-0', pod, sameSubnet })
    const text = read?.by === 'tunnel' ? `${String(read.protocol)}:${String(read.port)}` : (read?.by ?? null)
    expect(text).toBe(travels)
  })
})

const udp = (port: number) => ({ IpProtocol: 'udp', FromPort: port, ToPort: port, CidrIpv4: '10.240.0.0/24' })
const unencapsulated = [tcp(80, '10.240.0.0/24'), tcp(9443, '10.240.0.0/24')]

describe('groups that admit what the CNI plugin’s manual names, and nothing more between nodes', () => {
  test.each([
    ['Calico’s VXLAN', { calico: { CALICO_IPV4POOL_VXLAN: 'Always' } }, [udp(4789)], 'pass', 'pass'],
    ['flannel’s VXLAN', { annotations: flannel('vxlan') }, [udp(8472)], 'pass', 'pass'],
    ['flannel’s VXLAN, at Calico’s port', { annotations: flannel('vxlan') }, [udp(4789)], 'fail', 'fail'],
    [
      'Calico’s IPIP',
      { calico: { CALICO_IPV4POOL_IPIP: 'Always' } },
      [{ IpProtocol: '4', CidrIpv4: '10.240.0.0/24' }],
      'pass',
      'pass',
    ],
    [
      'Calico’s IPIP by protocol 94',
      { calico: { CALICO_IPV4POOL_IPIP: 'Always' } },
      [{ IpProtocol: '94', CidrIpv4: '10.240.0.0/24' }, ...unencapsulated],
      'fail',
      'fail',
    ],
    ['host-gw', { annotations: flannel('host-gw') }, unencapsulated, 'pass', 'pass'],
    ['a plugin that nothing names, packets as they are', {}, unencapsulated, 'unknown', 'unknown'],
    ['a plugin that nothing names, one of the tunnels', {}, [udp(4789)], 'unknown', 'unknown'],
    ['a plugin that nothing names, everything', {}, [{ IpProtocol: '-1', CidrIpv4: '10.240.0.0/16' }], 'pass', 'pass'],
  ] as const)('%s', async (_, shown, rules, toPods, toWebhook) => {
    const evidence = await cluster(shown, { rules: ingress([...rules, tcp(80, '10.240.0.50/32')]) })
    const [passedOn] = runCheck(nodeToNode, ask(evidence), 'worker-0')
    expect([passedOn?.status, says(webhookPort, evidence)[0]]).toEqual([toPods, toWebhook])
    if (passedOn?.status === 'unknown')
      expect(passedOn.gaps?.map(({ source }) => source)).toContain('nodes/controller-0/ip-route.json')
  })

  test('says which tunnel is refused, and where it stands that there is one', async () => {
    const evidence = await cluster({ calico: { CALICO_IPV4POOL_IPIP: 'Always' } }, { rules: ingress(unencapsulated) })
    const [draft] = runCheck(nodeToNode, ask(evidence), 'worker-0')
    expect(draft?.says).toMatch(/admits no protocol 4 from controller-0 \(10\.240\.0\.10\)/)
    expect(draft?.proof.map(({ pointer }) => pointer)).toContainEqual(expect.stringMatching(/containers\/0\/env$/))
    expect(says(webhookPort, evidence)[1]).toMatch(/does not admit protocol 4, the tunnel to it, so changes of pools/)
  })
})

test('a pod whose address an interface holds is sent to as it is, whatever other plugins are there', async () => {
  const evidence = await cluster(
    { calico: { CALICO_IPV4POOL_IPIP: 'Always' } },
    {
      rules: ingress([tcp(80, '10.240.0.0/24')]),
      enis: (enis) => {
        const own = enis.find((eni) => eni.NetworkInterfaceId === ids.worker0)
        own.Ipv4Prefixes = [{ Ipv4Prefix: '10.200.2.0/28' }]
      },
    },
  )
  expect(runCheck(nodeToNode, ask(evidence), 'worker-0')[0]?.status).toBe('pass')
})

test('a source/destination check that is on stops nothing in a tunnel, and what travels as it is', async () => {
  const on: Edits = {
    enis: (enis) => {
      for (const eni of enis) eni.SourceDestCheck = true
    },
  }
  const status = async (shown: Shown) => runCheck(sourceDestCheck, ask(await cluster(shown, on)), 'worker-0')[0]?.status
  expect(await status({ annotations: flannel('vxlan') })).toBe('pass')
  expect(await status({ annotations: flannel('host-gw') })).toBe('fail')
  expect(await status({})).toBe('unknown')
})
