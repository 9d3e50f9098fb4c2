import { spawnSync } from 'node:child_process'
import { hasTool } from '../../e2e/tools.ts'

const programs = [
  ...['bridge', 'curl', 'etcd', 'ethtool', 'hostname', 'ip', 'iptables-nft', 'nft', 'nsenter', 'openssl', 'pgrep'],
  ...[
    'setpriv',
    'setsid',
    'ssh',
    'ssh-keygen',
    'sudo',
    'sysctl',
    'tcpdump',
    'unshare',
    '/usr/sbin/sshd',
    '/usr/lib/cni/bridge',
  ],
]
const built = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubectl'],
  ...['announcers/controller', 'announcers/speaker', 'announcers/kube-vip', 'metallb-native.yaml'],
]

const there = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0

/** What the lab lacks here, in one sentence; null where it can run once scripts/e2e-tools has made what Go and Python make. */
export function lacksHere(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'The lab needs root on Linux: it makes namespaces.'
  const missing = programs.filter((name) => !there(name))
  if (missing.length > 0)
    return `The lab needs ${missing.join(', ')}: scripts/install-system-packages installs Debian’s.`
  if (unbuilt().length > 0 && !there('go')) return 'The lab needs Go, which builds Kubernetes, MetalLB and kube-vip.'
  return hasTool(account) || there('python3') ? null : 'The lab needs Python, with which moto plays the EC2 account.'
}

const unbuilt = (): readonly string[] => built.filter((name) => !hasTool(name))
const account = 'python/bin/moto_server'

/** The same where scripts/e2e-tools does not run before. */
export const lacks = (): string | null => {
  const missing = hasTool(account) ? unbuilt() : [...unbuilt(), account]
  return (
    lacksHere() ?? (missing.length === 0 ? null : `The lab needs ${missing.join(', ')}: scripts/e2e-tools makes them.`)
  )
}
