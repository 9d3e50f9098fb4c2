import { describe, expect, test } from '@jest/globals'
import { kept, type JsonObject } from '../../../src/collect/kubernetes/keep.ts'
import { parseNodeOutput } from '../../../src/collect/node/frames.ts'
import { kubernetesKinds } from '../../../src/evidence/kubernetes/kinds.ts'
import { parseYaml } from '../../../src/evidence/yaml.ts'
import { layer2 } from '../../kit/old-metallb.ts'

const configMap = (namespace: string, name: string, data: JsonObject) =>
  kept({ metadata: { name, namespace }, data, binaryData: { blob: 'hush' } }, 'ConfigMap', 'v1', null)
const dataOf = (namespace: string, name: string, data: JsonObject) =>
  (configMap(namespace, name, data).data ?? {}) as Readonly<Record<string, string>>

test('the configuration of MetalLB up to 0.12 is kept, wherever it is installed, and nothing beside it', () => {
  const { config = '', ...others } = dataOf('networking', 'lb', { config: layer2, other: 'hush' })
  expect(parseYaml(config)).toEqual(parseYaml(layer2))
  expect(others).toEqual({})
  expect(configMap('default', 'app', { config: 'user: me', 'app.ini': 'x' })).not.toHaveProperty('data')
})

test.each([
  ['in block style', 'peers:\n- peer-address: 10.0.0.1\n  password: hush, hush\n  my-asn: 1\n'],
  ['as the first key of an entry', 'peers:\n- password: hush\n  my-asn: 1\n'],
  ['over several lines', 'peers:\n- peer-address: 10.0.0.1\n  password: >-\n    hush\n\n    hush\n  my-asn: 1\n'],
  ['in quotes', `peers:\n- "password": "hu,sh}hush"\n  my-asn: 1\n`],
  ['in flow style', 'peers: [{peer-address: 10.0.0.1, password: hush, my-asn: 1}]\n'],
  ['as JSON over lines', '{"peers": [{\n"password": "hush",\n"my-asn": 1}]}'],
  ['in a comment', 'peers:\n# password: hush\n- my-asn: 1 # hush\n'],
  ['by another name', 'peers:\n- my-asn: 1\n  secret: {deep: [hush]}\nhush: hush\n'],
])('what MetalLB’s configuration says of a BGP peer is kept, and no password %s', (_, yaml) => {
  const { config = '' } = dataOf('metallb-system', 'config', { config: `address-pools: []\n${yaml}` })
  const both = yaml.startsWith('{')
    ? dataOf('m', 'c', { config: yaml.replace('{', '{"address-pools": [],') }).config
    : config
  expect(both).not.toContain('hu')
  expect(parseYaml(both ?? '')).toMatchObject({ value: { peers: [{ 'my-asn': 1 }] } })
})

test('a configuration that is no YAML is wrong in the same place, and says nothing', () => {
  const broken = 'address-pools:\n- name: prod\n  protocol layer2\n\tpassword: hush\n'
  const { config = '' } = dataOf('metallb-system', 'config', { config: broken })
  expect(parseYaml(config)).toEqual(parseYaml(broken))
  expect(config).not.toMatch(/hush|prod/)
})

test('kube-proxy’s own settings are kept, and no kubeconfig beside them', () => {
  const config =
    'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: "ipvs"\nclusterCIDR: 10.0.0.0/16\n'
  const ipvs = 'ipvs:\n  strictARP: true\n'
  const data = dataOf('kube-system', 'kube-proxy', {
    'config.conf': `${config}clientConnection:\n  kubeconfig: /hush\n# hush\n${ipvs}token: hush\n`,
    'kubeconfig.conf': 'users:\n- user:\n    token: hush\n    client-key-data: hush\n',
  })
  expect(data).toEqual({ 'config.conf': `${config}${ipvs}` })
})

test('how the CNI plugin’s packets travel is kept, and no key beside it', () => {
  const flannel = { Network: '10.244.0.0/16', Backend: { Type: 'vxlan', Port: 4789, PSK: 'hush' } }
  expect(
    dataOf('kube-flannel', 'kube-flannel-cfg', { 'net-conf.json': JSON.stringify(flannel), other: 'hush' }),
  ).toEqual({
    'net-conf.json': '{"Backend":{"Type":"vxlan","Port":4789}}',
  })
  const cilium = { 'routing-mode': 'tunnel', 'tunnel-protocol': 'geneve', 'tunnel-port': '0', devices: 'eth+ bond0' }
  expect(dataOf('kube-system', 'cilium-config', { ...cilium, 'ipsec-key-file': 'hush' })).toEqual(cilium)
  const antrea = 'trafficEncapMode: noEncap\ntunnelType: "vxlan"\ntunnelPort: 6082'
  expect(
    dataOf('kube-system', 'antrea-config', { 'antrea-agent.conf': `# hush\n${antrea}\nkubeAPIServerOverride: hush\n` }),
  ).toEqual({ 'antrea-agent.conf': antrea })
})

/** What must not stand in a bundle, wherever somebody puts it. */
const hush = 'Hush4Hush'

const container = {
  name: 'kube-vip',
  image: 'ghcr.io/kube-vip/kube-vip:v1.2.3',
  command: ['/kube-vip', hush],
  args: [
    'manager',
    ...[`--bgppeers=10.0.0.1:65000:${hush}:false`, `--peerPass=${hush}`, `--token=${hush}`, `--unknown=${hush}`],
    ...['--token', hush, '--password', hush, '-p', hush, `-p${hush}`, '-c', `curl -u admin:${hush} https://x`, hush],
    ...['--vip', `https://user:${hush}@10.0.0.1/`, '--arp', '--address=10.0.0.1'],
  ],
  env: [
    ...['bgp_peers', 'wireguard_key', 'packet_auth', 'bgp_peerpass', 'METALLB_PEER_KEY', 'CALICO_TOKEN', 'FELIX_X'].map(
      (name) => ({ name, value: `10.0.0.1:65000:${hush}` }),
    ),
    { name: 'vip_arp', value: 'true' },
    { name: 'HTTPS_PROXY', value: `http://user:${hush}@proxy` },
  ],
  livenessProbe: { httpGet: { path: `/?token=${hush}`, httpHeaders: [{ name: 'Authorization', value: hush }] } },
  readinessProbe: { exec: { command: ['sh', '-c', hush] }, httpGet: { port: 80, path: `/${hush}` } },
  startupProbe: { exec: { command: [hush] } },
  lifecycle: { postStart: { exec: { command: [hush] } }, preStop: { httpGet: { path: `/${hush}` } } },
}
const podSpec = {
  containers: [container],
  initContainers: [container],
  ephemeralContainers: [container],
  volumes: [
    { name: 'v', csi: { volumeAttributes: { password: hush } } },
    { name: 's', secret: { secretName: 'tls' } },
  ],
}
const metadata = {
  name: 'x',
  namespace: 'kube-system',
  annotations: {
    'kubectl.kubernetes.io/last-applied-configuration': hush,
    'example.com/token': hush,
    [`vault.hashicorp.com/${hush}`]: 'x',
  },
  managedFields: [{ manager: hush }],
}
const message = `pull of https://me:${hush}@reg/x?sig=${hush} failed: Authorization: Bearer ${hush}, password=${hush}, --token ${hush} -p ${hush}`
const status = {
  conditions: [{ type: 'Ready', status: 'False', message }],
  message,
  containerStatuses: [
    { state: { waiting: { message }, terminated: { message: hush } }, lastState: { terminated: { message: hush } } },
  ],
}

const planted: readonly (readonly [keyof typeof kubernetesKinds, JsonObject])[] = [
  ['pods', { metadata, spec: podSpec, status }],
  ['daemonsets', { metadata, spec: { template: { metadata, spec: podSpec } }, status }],
  ['deployments', { metadata, spec: { template: { metadata, spec: podSpec } }, status }],
  ['services', { metadata, spec: { type: 'LoadBalancer' }, status }],
  ['nodes', { metadata, spec: {}, status }],
  ['namespaces', { metadata }],
  ['ingresses', { metadata, spec: {} }],
  ['leases', { metadata, spec: { holderIdentity: 'x' } }],
  ['events', { metadata, reason: 'BackOff', message: hush }],
  ['events', { metadata, reason: 'FailedMount', message }],
  ['bgppeers', { metadata, spec: { peerAddress: '10.0.0.1', password: hush } }],
  [
    'frrnodestates',
    { metadata, status: { runningConfig: `neighbor 10.0.0.1 password ${hush}`, lastReloadResult: message } },
  ],
  ['configurationstates', { metadata, status: { conditions: [{ message }], errorSummary: message } }],
  [
    'validatingwebhookconfigurations',
    { metadata, webhooks: [{ clientConfig: { url: `https://u:${hush}@x/?t=${hush}` } }] },
  ],
  ...['kubevip', 'kube-vip', 'calico-config', 'cilium-config', 'kube-proxy', 'antrea-config', 'frr'].map(
    (name): [keyof typeof kubernetesKinds, JsonObject] => [
      'configmaps',
      {
        metadata: { ...metadata, name },
        data: {
          [hush]: hush,
          token: hush,
          'config.conf': hush,
          'cidr-global': hush,
          'antrea-agent.conf': `x: ${hush}`,
        },
      },
    ],
  ),
]

describe('no secret is kept', () => {
  test.each(planted)('of %s', (name, object) => {
    const { kind, custom, shape } = kubernetesKinds[name]
    const pruning = custom || /^(?:pods|daemonsets|deployments)$/.test(name) ? shape : null
    const text = JSON.stringify(kept(object, kind, 'v1', pruning))
    expect(text).not.toContain(hush)
    expect(text).toContain('kube-system')
  })

  test('and what checks read of a container stays', () => {
    const text = JSON.stringify(kept({ metadata, spec: podSpec }, 'Pod', 'v1', kubernetesKinds.pods.shape))
    for (const part of [
      '"manager"',
      '"--arp"',
      '"--address=10.0.0.1"',
      '"vip_arp","value":"true"',
      '"--bgppeers=***"',
      '"bgp_peers"',
      '"secretName":"tls"',
    ])
      expect(text).toContain(part)
  })

  test('of what a node printed', () => {
    const frames = [
      [
        'processes.txt',
        `  12 /usr/bin/kube-proxy --config=/var/lib/kube-proxy/config.conf --token ${hush} -p ${hush} ${hush} --x=${hush}`,
      ],
      ['kube-proxy-config.yaml', `kind: KubeProxyConfiguration\nmode: ipvs\nclientConnection:\n  token: ${hush}`],
      [
        'cni-conf/10-calico.conflist',
        JSON.stringify({
          cniVersion: '1.0.0',
          name: 'k8s',
          plugins: [
            {
              type: 'calico',
              etcd_key: hush,
              policy: { k8s_auth_token: hush },
              ipam: { type: 'calico-ipam', password: hush },
            },
          ],
        }),
      ],
      ['cni-conf/99-broken.conf', `{"token": "${hush}"`],
    ] as const
    const output = `vipdoctor-node 1\n${frames.map(([name, text]) => `>${name}\n${text.replace(/^/gm, '|')}\n|\n<0\n`).join('')}vipdoctor-node end\n`
    const { files, gaps } = parseNodeOutput(Buffer.from(output))
    const all = [...files].map(([name, bytes]) => `${name}\n${Buffer.from(bytes).toString()}`).join('\n')
    expect([...gaps]).toEqual([])
    expect(all).not.toContain(hush)
    expect(all).toContain('/usr/bin/kube-proxy --config=/var/lib/kube-proxy/config.conf --token *** -p *** *** --x=***')
    expect(all).toContain('kind: KubeProxyConfiguration\nmode: ipvs\n')
    expect(all).toContain('"type": "calico-ipam"')
  })

  test('nor a file that a process named and that is none of kube-proxy’s', () => {
    const output = `vipdoctor-node 1\n>kube-proxy-config.yaml\n|root:$6$${hush}:19000::::::\n|\n<0\nvipdoctor-node end\n`
    const { files, gaps } = parseNodeOutput(Buffer.from(output))
    expect([...files]).toEqual([])
    expect(gaps.get('kube-proxy-config.yaml')).toBe(
      'what stands there does not say that it is a KubeProxyConfiguration',
    )
  })
})
