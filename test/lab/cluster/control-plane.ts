import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { tool } from '../../e2e/tools.ts'
import { kubeconfigText } from '../../collect/kubernetes/server.ts'
import { folder } from './enclosure.ts'
import { startUnit, type Machine } from './host/machine.ts'
import { apiServer, nodes, serviceCidr } from './plan.ts'

// The control plane as the hard way has it: programs under systemd, certificates made by hand, one etcd.

const pki = path.join(folder, 'pki')

/** Who may ask the API server, by bearer token. */
const users: Readonly<Record<string, string>> = {
  admin: 'admin,admin,"system:masters"',
  'kube-controller-manager': 'system:kube-controller-manager,kcm,"system:masters"',
  'kube-scheduler': 'system:kube-scheduler,scheduler',
  'kube-proxy': 'system:kube-proxy,proxy,"system:node-proxier"',
  ...Object.fromEntries(nodes.map(({ name }) => [`node-${name}`, `system:node:${name},${name},"system:nodes"`])),
}

/** Makes the cluster's authority, the API servers' certificate and the key of service accounts. */
export function makeCertificates(): void {
  mkdirSync(pki, { recursive: true })
  const at = (name: string) => path.join(pki, name)
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=lab')
  openssl('req', ...key, '-keyout', at('api.key'), '-out', at('api.csr'), '-subj', '/CN=kube-apiserver')
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost']
  const addresses = ['127.0.0.1', '10.32.0.1', '10.240.0.5', ...nodes.map(({ address }) => address)]
  const alternatives = [...names.map((name) => `DNS:${name}`), ...addresses.map((each) => `IP:${each}`)]
  writeFileSync(at('ext'), `subjectAltName=${alternatives.join(',')}\n`)
  const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', at('ext')]
  openssl('x509', '-req', '-in', at('api.csr'), ...signed, '-out', at('api.crt'))
  openssl('genrsa', '-out', at('sa.key'), '2048')
  openssl('rsa', '-in', at('sa.key'), '-pubout', '-out', at('sa.pub'))
  const tokens = Object.entries(users).map(([name, user]) => `${tokenOf(name)},${user}\n`)
  writeFileSync(at('tokens.csv'), tokens.join(''))
}

export const tokenOf = (user: string): string => `${user}-token`
const certificate = path.join(pki, 'ca.crt')
export const authority = (): string => readFileSync(certificate, 'utf8')

/** A kubeconfig of a user, complete in itself. */
export function kubeconfigOf(user: string): string {
  const text = kubeconfigText(apiServer, certificate, tokenOf(user))
  const data = readFileSync(certificate).toString('base64')
  return text.replace(/certificate-authority: "[^"]*"/, `certificate-authority-data: ${data}`)
}

export async function startControlPlane(first: Machine, others: readonly Machine[]): Promise<void> {
  const { address = '' } = nodes.find(({ name }) => name === first.name) ?? {}
  await startUnit(
    first,
    'etcd',
    'etcd',
    [
      '/usr/bin/etcd --name lab --data-dir /var/lib/etcd --unsafe-no-fsync --log-level warn',
      `--listen-client-urls http://${address}:2379,http://127.0.0.1:2379`,
      `--advertise-client-urls http://${address}:2379`,
    ].join(' '),
  )
  for (const machine of [first, ...others]) await startApiServer(machine, `http://${address}:2379`)
  for (const user of ['kube-controller-manager', 'kube-scheduler']) {
    first.write(`/var/lib/kubernetes/${user}.kubeconfig`, kubeconfigOf(user))
  }
  await startUnit(
    first,
    'kube-controller-manager',
    'Kubernetes Controller Manager',
    [
      '/usr/local/bin/kube-controller-manager --kubeconfig=/var/lib/kubernetes/kube-controller-manager.kubeconfig',
      '--service-account-private-key-file=/var/lib/kubernetes/sa.key --root-ca-file=/var/lib/kubernetes/ca.crt',
      '--leader-elect=false --use-service-account-credentials=true --cluster-cidr=10.200.0.0/16',
      // A node that says nothing is given up sooner than the usual 50 s; kubelet speaks every 4 s here.
      '--node-monitor-grace-period=16s --node-monitor-period=2s --v=1',
    ].join(' '),
  )
  await startUnit(
    first,
    'kube-scheduler',
    'Kubernetes Scheduler',
    '/usr/local/bin/kube-scheduler --kubeconfig=/var/lib/kubernetes/kube-scheduler.kubeconfig --leader-elect=false',
  )
}

async function startApiServer(machine: Machine, etcd: string): Promise<void> {
  const { address = '' } = nodes.find(({ name }) => name === machine.name) ?? {}
  for (const file of ['ca.crt', 'api.crt', 'api.key', 'sa.key', 'sa.pub', 'tokens.csv']) {
    machine.write(`/var/lib/kubernetes/${file}`, readFileSync(path.join(pki, file), 'utf8'))
  }
  for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl']) {
    await machine.sh(`ln -sf ${tool(name)} /usr/local/bin/${name}`)
  }
  const at = (name: string): string => `/var/lib/kubernetes/${name}`
  await startUnit(
    machine,
    'kube-apiserver',
    'Kubernetes API Server',
    [
      `/usr/local/bin/kube-apiserver --etcd-servers=${etcd} --advertise-address=${address} --secure-port=6443`,
      `--tls-cert-file=${at('api.crt')} --tls-private-key-file=${at('api.key')} --client-ca-file=${at('ca.crt')}`,
      `--token-auth-file=${at('tokens.csv')} --authorization-mode=Node,RBAC --apiserver-count=2`,
      `--service-cluster-ip-range=${serviceCidr} --service-account-issuer=https://kubernetes.default.svc`,
      `--service-account-key-file=${at('sa.pub')} --service-account-signing-key-file=${at('sa.key')} --v=1`,
    ].join(' '),
  )
}
