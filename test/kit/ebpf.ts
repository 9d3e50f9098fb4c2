import type { Change } from './fixtures.ts'

/** The VIP and the endpoints of the recordings with Cilium (fixtures/made/cilium-l2): one on worker-0, one on worker-1. */
export const onWorker0 = '10.200.2.3:80'
export const onWorker1 = '10.200.3.2:80'

type Tables = Readonly<Record<string, readonly string[]>>

/** What `cilium-dbg bpf lb list -o json` prints of a LoadBalancer Service at the VIP and of the cluster IP of the API server. */
export const bpfLb = (backends: readonly string[], flags = 'LoadBalancer', other: Tables = {}): string =>
  JSON.stringify({
    '10.32.0.1:443/TCP (0)': ['0.0.0.0:0 (1) (0) [ClusterIP, non-routable] '],
    '10.32.0.1:443/TCP (1)': ['10.240.0.10:6443/TCP (1) (1)'],
    '10.240.0.100:80/TCP (0)': [`0.0.0.0:0 (12) (0) [${flags}] `],
    ...Object.fromEntries(
      backends.map((backend, at) => [
        `10.240.0.100:80/TCP (${String(at + 1)})`,
        [backend.startsWith('backend ') ? backend : `${backend}/TCP (12) (${String(at + 1)})`],
      ]),
    ),
    ...other,
  })

/** What `cilium-dbg status -o json` prints of the replacement of kube-proxy. */
export const ciliumStatus = (devices: readonly string[], mode = 'SNAT'): string =>
  JSON.stringify({
    'kube-proxy-replacement': {
      mode: 'True',
      devices,
      deviceList: devices.map((name) => ({ name, ip: ['10.240.0.21'] })),
      directRoutingDevice: devices[0],
      features: { nodePort: { enabled: true, mode, algorithm: 'Random', portMin: 30000, portMax: 32767 } },
    },
  })

/** The same of an agent that leaves Services to kube-proxy. */
export const notReplacing = JSON.stringify({
  'kube-proxy-replacement': { mode: 'False', features: { nodePort: { enabled: false } } },
})

/** What `cilium-dbg service list -o json` prints of the Service. */
export const serviceList = (
  backends: readonly { readonly ip: string; readonly nodeName: string; readonly state: string }[],
  policy = 'Cluster',
): string => {
  const spec = {
    'backend-addresses': backends.map((one) => ({ ...one, port: 80, protocol: 'TCP', weight: 100 })),
    flags: {
      type: 'LoadBalancer',
      extTrafficPolicy: policy,
      trafficPolicy: policy,
      name: 'nginx-lb',
      namespace: 'default',
    },
    'frontend-address': { ip: '10.240.0.100', port: 80, protocol: 'TCP', scope: 'external' },
    id: 12,
  }
  return JSON.stringify([{ spec, status: { realized: spec } }])
}

/** What `calico-node -bpf nat dump` prints of the Service, behind a line of its log. */
export const calicoNat = (head: string, backends: readonly string[]): string =>
  [
    '2026-11-21 06:51:02.649 [INFO][3708] confd/maps.go 313: Loaded map file descriptor. fd=0x7 name="/sys/fs/bpf/tc/globals/cali_v4_nat_fe3"',
    '10.32.0.1 port 443 proto 6 id 1 count 1 local 0',
    '\t1:0\t 10.240.0.10:6443',
    `10.240.0.100 port 80 proto 6 id 12 ${head}`,
    ...backends.map((backend, at) => `\t12:${String(at)}\t ${backend}`),
    '',
  ].join('\n')

/** Every node of the recording with a file of its own. */
export const onEachNode = (file: string, text: Change): Readonly<Record<string, Change>> =>
  Object.fromEntries(
    ['controller-0', 'controller-1', 'worker-0', 'worker-1'].map((node) => [`nodes/${node}/${file}`, text]),
  )
