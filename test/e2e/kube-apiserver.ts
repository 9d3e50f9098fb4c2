import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { certificates, kubeconfigText } from '../collect/kubernetes/server.ts'
import { daemon, freePort, tool, until } from './tools.ts'

// A real kube-apiserver over a real etcd, without a node: what is created stays as it was written.

export interface RealCluster {
  readonly folder: string
  readonly url: string
  readonly ca: string
  /** A kubeconfig of a user: `admin` (system:masters), or `reader`, who may do nothing until a role is bound to it. */
  readonly kubeconfigOf: (user: string) => string
  readonly kubectl: (argv: readonly string[], input?: string) => string
  /** Requests that changed, or tried to change, anything, by this program. */
  readonly writes: () => readonly string[]
  readonly stop: () => void
}

/** Debian names the binary etcd, and puts it on the path. */
export const hasEtcd = (): boolean => spawnSync('etcd', ['--version']).status === 0

/**
 * `podSecurity`: namespaces' labels count, which recorded objects would not all pass. `controllers`: Jobs run, pods are given to nodes, and have
 * the token of their service account.
 */
export async function startCluster({ podSecurity = false, controllers = false } = {}): Promise<RealCluster> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-apiserver-'))
  const at = (name: string) => path.join(folder, name)
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
  const etcdUrl = `http://127.0.0.1:${String(client)}`
  const etcd = daemon('etcd', [
    '--data-dir',
    at('etcd'),
    '--listen-client-urls',
    etcdUrl,
    '--advertise-client-urls',
    etcdUrl,
    '--listen-peer-urls',
    `http://127.0.0.1:${String(peer)}`,
    '--initial-advertise-peer-urls',
    `http://127.0.0.1:${String(peer)}`,
    '--initial-cluster',
    `default=http://127.0.0.1:${String(peer)}`,
    '--unsafe-no-fsync',
  ])
  const { ca, cert, key } = certificates(folder, 'api')
  execFileSync('openssl', ['genrsa', '-out', at('sa.key'), '2048'], { stdio: 'pipe' })
  execFileSync('openssl', ['rsa', '-in', at('sa.key'), '-pubout', '-out', at('sa.pub')], { stdio: 'pipe' })
  writeFileSync(at('tokens.csv'), 'admin-token,admin,admin,"system:masters"\nreader-token,reader,reader\n')
  writeFileSync(
    at('audit.yaml'),
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n',
  )
  const api = daemon(tool('kube-apiserver'), [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${String(port)}`,
    `--tls-cert-file=${cert}`,
    `--tls-private-key-file=${key}`,
    `--client-ca-file=${ca}`,
    `--token-auth-file=${at('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.32.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('sa.pub')}`,
    `--service-account-signing-key-file=${at('sa.key')}`,
    `--disable-admission-plugins=TaintNodesByCondition${podSecurity ? '' : ',PodSecurity'}${controllers ? '' : ',ServiceAccount'}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--audit-policy-file=${at('audit.yaml')}`,
    `--audit-log-path=${at('audit.log')}`,
  ])
  const url = `https://127.0.0.1:${String(port)}`
  const started: ReturnType<typeof daemon>[] = []
  const stop = (): void => {
    for (const one of started) one.kill('SIGKILL')
    api.kill('SIGKILL')
    etcd.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(() => answers(`${url}/readyz`, readFileSync(ca)), api)
  } catch (error) {
    stop()
    throw error
  }
  const kubeconfigOf = (user: string): string => {
    writeFileSync(at(`${user}.kubeconfig`), kubeconfigText(url, ca, `${user}-token`))
    return at(`${user}.kubeconfig`)
  }
  const admin = kubeconfigOf('admin')
  if (controllers) {
    const alone = [`--kubeconfig=${admin}`, '--leader-elect=false', '--bind-address=127.0.0.1']
    const manager = [
      '--controllers=serviceaccount-controller,root-ca-certificate-publisher-controller,job-controller,cronjob-controller',
      `--service-account-private-key-file=${at('sa.key')}`,
      `--root-ca-file=${ca}`,
    ]
    const [managerPort, schedulerPort] = [await freePort(), await freePort()]
    started.push(
      daemon(tool('kube-controller-manager'), [...alone, ...manager, `--secure-port=${String(managerPort)}`]),
      daemon(tool('kube-scheduler'), [...alone, `--secure-port=${String(schedulerPort)}`]),
    )
  }
  return {
    folder,
    url,
    ca,
    kubeconfigOf,
    kubectl: (argv, input) =>
      execFileSync(tool('kubectl'), ['--kubeconfig', admin, ...argv], {
        input,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    writes: () =>
      readFileSync(at('audit.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { verb: string; requestURI: string; userAgent?: string })
        .filter(({ verb, userAgent }) => userAgent === 'vipdoctor' && !['get', 'list'].includes(verb))
        .map(({ verb, requestURI }) => `${verb} ${requestURI}`),
    stop,
  }
}

const answers = (url: string, ca: Buffer): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = https.get(url, { ca, headers: { authorization: 'Bearer admin-token' } }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.once('error', () => {
      resolve(false)
    })
  })
