import { spawnSync } from 'node:child_process'
import { hasTool } from '../../e2e/tools.ts'

const programs = [
  ...['bridge', 'curl', 'etcd', 'ethtool', 'hostname', 'ip', 'iptables-nft', 'nft', 'nsenter', 'openssl', 'pgrep'],
  ...['setpriv', 'setsid', 'ssh', 'ssh-keygen', 'sudo', 'sysctl', 'unshare', '/usr/sbin/sshd', '/usr/lib/cni/bridge'],
]
const built = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubectl'],
  ...['announcers/controller', 'announcers/speaker', 'announcers/kube-vip', 'metallb-native.yaml'],
]

/** What the lab lacks here, in one sentence; null where it can run. */
export function lacks(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'The lab needs root on Linux: it makes namespaces.'
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (missing.length > 0) {
    return `The lab needs ${missing.join(', ')}: scripts/install-system-packages installs Debian’s.`
  }
  const unbuilt = built.filter((name) => !hasTool(name))
  if (unbuilt.length > 0) return `The lab needs ${unbuilt.join(', ')}: scripts/e2e-tools builds them with Go.`
  return hasTool('python/bin/moto_server')
    ? null
    : 'The lab needs moto and the AWS CLI: scripts/e2e-tools installs them with Python.'
}
