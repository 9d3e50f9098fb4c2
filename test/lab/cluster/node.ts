import { tool } from '../../e2e/tools.ts'
import { authority, kubeconfigOf, tokenOf } from './control-plane.ts'
import { startUnit, type Machine } from './host/machine.ts'
import type { Settings } from './kubelet/types.ts'
import { apiServer, nodes, type Host } from './plan.ts'

// A node as the hard way leaves it: CNI's bridge plugin, kube-proxy and kubelet under systemd.

/** How kube-proxy writes its rules; `legacy` is iptables mode with the tools of the older back-end. */
export type ProxyMode = 'iptables' | 'legacy' | 'nftables'

const programs = '/usr/local/lib/lab'
const announcers = (name: string): string => tool(`announcers/${name}`)

/** What the played kubelet runs for an image. */
const images: Settings['images'] = {
  nginx: [process.execPath, `${programs}/web.mjs`],
  client: ['/bin/sleep', 'infinity'],
  'quay.io/metallb/controller': ['/controller'],
  'quay.io/metallb/speaker': ['/speaker'],
  'ghcr.io/kube-vip/kube-vip': ['/kube-vip'],
}

/** Prepares a machine to be a node and starts kubelet and kube-proxy. `bundles` are the programs that the lab itself brings. */
export async function startNode(
  machine: Machine,
  host: Host,
  bundles: Readonly<Record<string, string>>,
  mode: ProxyMode,
): Promise<void> {
  const { name, address, podCidr = '' } = host
  for (const [file, text] of Object.entries(bundles)) machine.write(`${programs}/${file}`, text)
  await machine.sh(
    [
      'sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1',
      `for each in kube-proxy kubectl; do ln -sf ${tool('')}/$each /usr/local/bin/; done`,
      `for each in controller speaker kube-vip; do ln -sf ${announcers('')}/$each /; done`,
      'mkdir -p /opt/cni/bin /var/lib/kubelet /var/lib/kube-proxy; ln -sf /usr/lib/cni/* /opt/cni/bin/',
    ].join('; '),
  )
  if (mode === 'legacy') {
    const tools = ['iptables', 'ip6tables'].flatMap((name) => ['', '-save', '-restore'].map((as) => `${name}${as}`))
    await machine.sh(
      `for each in ${tools.join(' ')}; do ln -sf "$(command -v xtables-legacy-multi)" /usr/local/sbin/$each; done`,
    )
  }
  writeCni(machine, podCidr)
  const settings: Settings = {
    ...{ node: name, address, podCidr, controlPlane: host.role === 'controller', server: apiServer },
    ...{ certificate: '/var/lib/kubelet/ca.crt', token: tokenOf(`node-${name}`), images },
  }
  machine.write('/var/lib/kubelet/ca.crt', authority())
  machine.write('/var/lib/kubelet/lab.json', JSON.stringify(settings))
  const kubelet = `${process.execPath} ${programs}/kubelet.mjs /var/lib/kubelet/lab.json`
  await startUnit(machine, 'kubelet', 'Kubernetes Kubelet', kubelet)
  machine.write('/var/lib/kube-proxy/kubeconfig', kubeconfigOf('kube-proxy'))
  writeProxyConfig(machine, mode)
  await startUnit(
    machine,
    'kube-proxy',
    'Kubernetes Kube Proxy',
    '/usr/local/bin/kube-proxy --config=/var/lib/kube-proxy/kube-proxy-config.yaml',
  )
}

/** On a LAN no account routes the pods' ranges: each node knows the others' (docs/11-pod-network-routes.md). */
export const podRoutes = (host: Host): string =>
  nodes
    .filter((other) => other !== host)
    .map(({ podCidr = '', address }) => `ip route replace ${podCidr} via ${address}`)
    .join('; ')

/** The two files of the hard way (docs/09-bootstrapping-kubernetes-workers.md). */
export function writeCni(machine: Machine, podCidr: string): void {
  const bridge = {
    ...{ cniVersion: '1.0.0', name: 'bridge', type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true },
    ipam: { type: 'host-local', ranges: [[{ subnet: podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
  }
  machine.write('/etc/cni/net.d/10-bridge.conf', JSON.stringify(bridge, null, 2))
  const loopback = { cniVersion: '1.1.0', name: 'lo', type: 'loopback' }
  machine.write('/etc/cni/net.d/99-loopback.conf', JSON.stringify(loopback, null, 2))
}

export function writeProxyConfig(machine: Machine, mode: ProxyMode, more: readonly string[] = []): void {
  machine.write(
    '/var/lib/kube-proxy/kube-proxy-config.yaml',
    [
      'kind: KubeProxyConfiguration',
      'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
      'clientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig}',
      `mode: ${mode === 'legacy' ? 'iptables' : mode}`,
      'clusterCIDR: 10.200.0.0/16',
      // The limits of connection tracking are the machine's, not a namespace's.
      'conntrack: {maxPerCore: 0, min: 0}',
      ...more,
      '',
    ].join('\n'),
  )
}
