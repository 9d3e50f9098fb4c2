import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { tool } from '../../e2e/tools.ts'
import { awsEnv, startAccount, type Account, type AccountState } from './account.ts'
import { kubeconfigOf, makeCertificates, startControlPlane } from './control-plane.ts'
import { folder, furnish } from './enclosure.ts'
import { startFabric } from './fabric/fabric.ts'
import { startMachine, type Machine } from './host/machine.ts'
import { makeSshClient, startSshd } from './host/ssh.ts'
import { podRoutes, startNode, type ProxyMode } from './node.ts'
import { bastion, hosts, nodes } from './plan.ts'
import { run, tryRun, until, type Ran } from './run.ts'

export type FabricKind = 'ec2' | 'lan'

/** The whole lab, standing. */
export interface Cluster {
  readonly fabric: FabricKind
  readonly mode: ProxyMode
  readonly machine: (name: string) => Machine
  /** null on the LAN, which is nobody's account. */
  readonly account: Account | null
  /** What the bastion's shell has in its environment. */
  readonly env: NodeJS.ProcessEnv
  /** A line of the bastion's shell, with `aws`, `kubectl` and `ssh` pointed at the lab. */
  readonly sh: (line: string, seconds?: number) => Promise<Ran>
  readonly kubectl: (argv: readonly string[], input?: string) => Promise<string>
}

const manifests = path.join(process.cwd(), 'test/lab/cluster/manifests.yaml')

/** A client among the pods. */
const clientPod = {
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'client', namespace: 'default', labels: { app: 'client' } } },
  spec: { nodeName: 'worker-1', containers: [{ name: 'client', image: 'client:1' }] },
}

/** Builds the lab's own programs for the machines, which have no TypeScript. */
async function bundles(): Promise<Readonly<Record<string, string>>> {
  const { outputFiles } = await build({
    entryPoints: { kubelet: 'test/lab/cluster/kubelet/main.ts', web: 'test/lab/cluster/web.ts' },
    ...{ outdir: '/', outExtension: { '.js': '.mjs' }, write: false, bundle: true },
    ...{ format: 'esm', platform: 'node', target: 'node20' },
  })
  return Object.fromEntries(outputFiles.map((file) => [path.basename(file.path), file.text]))
}

/** Starts everything and waits until it is as it should be. `tell` hears of each step. */
export async function startCluster(
  fabricKind: FabricKind,
  mode: ProxyMode,
  tell: (step: string) => void,
): Promise<Cluster> {
  await furnish(Object.fromEntries(hosts.map(({ name, address }) => [name, address])))
  await makeSshClient()
  makeCertificates()
  tell('machines')
  const others = hosts.filter((host) => host !== bastion)
  const [fabric, programs, ...machines] = await Promise.all([
    startFabric(fabricKind),
    bundles(),
    ...others.map(({ name }) => startMachine(name)),
  ])
  const machine = (name: string): Machine => {
    const found = machines.find((one) => one.name === name)
    if (found === undefined) throw new Error(`the lab has no machine ${name}`)
    return found
  }
  let state = null as AccountState | null
  tell('network')
  const follow = async (now: AccountState): Promise<void> => {
    state = now
    await fabric.follow(now)
  }
  const account = fabricKind === 'ec2' ? await startAccount(follow) : null
  const macOf = (address: string): string | null =>
    state?.interfaces.find(({ PrivateIpAddress }) => PrivateIpAddress === address)?.MacAddress ?? null
  for (const host of hosts) {
    const pid = host === bastion ? process.pid : machine(host.name).pid
    await fabric.plug(host, pid, macOf(host.address))
  }
  if (state !== null) await fabric.follow(state)
  await Promise.all(machines.map((one) => startSshd(one)))
  tell('control plane')
  await startControlPlane(machine('controller-0'), [machine('controller-1')])
  const env = makeShell(fabricKind)
  const kubectl = (argv: readonly string[], input?: string): Promise<string> =>
    run('kubectl', argv, { env, input: input ?? '' })
  await until('the API server does not answer', async () => (await kubectl(['get', '--raw', '/readyz'])) === 'ok', 180)
  tell('nodes')
  if (fabricKind === 'lan') await Promise.all(nodes.map((host) => machine(host.name).sh(podRoutes(host))))
  await Promise.all(nodes.map((host) => startNode(machine(host.name), host, programs, mode)))
  await until('not all nodes are ready', async () => {
    const ready = await kubectl([
      'get',
      'nodes',
      '-o',
      'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
    ])
    return ready === 'True True True True'
  })
  const labels = ['node-role.kubernetes.io/control-plane=']
  await kubectl(['label', 'nodes', 'controller-0', 'controller-1', ...labels])
  tell('MetalLB and the Service')
  await kubectl(['apply', '-f', tool('metallb-native.yaml')])
  const objects = readFileSync(manifests, 'utf8')
  // The webhook takes no pool before it is up.
  await until('MetalLB takes no pool', async () => (await kubectl(['apply', '-f', '-'], objects)) !== '', 180)
  await kubectl(['apply', '-f', '-'], JSON.stringify(clientPod))
  // What a printed command writes there goes with the lab.
  const home = path.join(folder, 'home')
  const sh = (line: string, seconds = 60): Promise<Ran> => tryRun('bash', ['-c', line], { env, seconds, cwd: home })
  return { fabric: fabricKind, mode, machine, account, env, sh, kubectl }
}

/** What the bastion's shell has: the real `kubectl` and `aws`, pointed at the lab. */
function makeShell(fabric: FabricKind): NodeJS.ProcessEnv {
  const config = path.join(folder, 'home/kubeconfig')
  writeFileSync(config, kubeconfigOf('admin'))
  const places = [tool('.'), tool('python/bin'), process.env.PATH ?? '']
  return {
    ...{ PATH: places.join(':'), HOME: process.env.HOME, TERM: process.env.TERM, KUBECONFIG: config },
    ...(fabric === 'ec2' ? awsEnv : {}),
  }
}
