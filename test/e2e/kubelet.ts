import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { RealCluster } from './kube-apiserver.ts'
import { daemon, freePort, tool, until } from './tools.ts'

// A real kubelet over a real containerd, on this machine: the one node of a cluster. Images come from folders, no registry is asked.

export interface RealNode {
  readonly name: string
  readonly address: string
  /** Makes an image of Debian's busybox and the programs of this machine that are named. */
  readonly image: (name: string, programs: readonly string[]) => string
  /** Takes the images of a docker-archive. */
  readonly load: (archive: string) => void
  readonly containers: () => readonly string[]
  readonly stopKubelet: () => void
  readonly startKubelet: () => Promise<void>
  readonly stop: () => void
}

/** What it needs of this machine besides a cluster's parts. */
export const nodeNeeds = ['root', tool('kubelet'), 'containerd', 'runc', 'umoci', 'busybox'] as const

/** What the node script calls, and tcpdump. */
export const nodeTools = [
  ...[
    'sh',
    'awk',
    'sed',
    'grep',
    'sort',
    'cut',
    'head',
    'tail',
    'xargs',
    'ps',
    'readlink',
    'od',
    'uname',
    'ls',
    'cat',
    'tr',
  ],
  ...['wc', 'id', 'timeout', 'chroot', 'sleep', 'ip', 'ss', 'iptables', 'iptables-nft-save', 'iptables-legacy-save'],
  ...['ip6tables-nft-save', 'ip6tables-legacy-save', 'nft', 'ipset', 'ipvsadm', 'tcpdump', 'curl'],
]

const pause = 'localhost/pause:1'

export async function startNode(cluster: RealCluster, name: string): Promise<RealNode> {
  const turn = await ownTurn()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-node-'))
  const at = (file: string) => path.join(folder, file)
  const socket = at('containerd.sock')
  const ctr = (...argv: string[]) =>
    execFileSync('ctr', ['--address', socket, '-n', 'k8s.io', ...argv], { encoding: 'utf8', stdio: 'pipe' })
  writeFileSync(
    at('containerd.toml'),
    containerdConfig({ root: at('root'), state: at('state'), socket, cni: at('cni') }),
  )
  // Pods on the host network need none, and a node without one is not ready.
  mkdirSync(at('cni'))
  writeFileSync(at('cni/10-bridge.conflist'), JSON.stringify(cni))
  const containerd = daemon('containerd', ['--config', at('containerd.toml')])
  const stopped: (() => void)[] = [
    () => turn.kill(),
    () => {
      rmSync(folder, { recursive: true, force: true })
    },
    () => {
      unmountUnder(folder)
    },
    () => containerd.kill('SIGKILL'),
    () => {
      killTasks(ctr)
    },
  ]
  const stop = (): void => {
    for (const step of stopped.reverse()) step()
  }
  try {
    await until(() => Promise.resolve(spawnSync('ctr', ['--address', socket, 'version']).status === 0), containerd)
    const image = (of: string, programs: readonly string[]) => makeImage(folder, of, programs, ctr)
    image(pause, [])
    const port = await freePort()
    writeFileSync(at('kubelet.yaml'), kubeletConfig({ socket, port, healthPort: await freePort(), folder }))
    const address = Object.values(os.networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
    if (address === undefined) throw new Error('this machine has no address that a node could have')
    let kubelet: ReturnType<typeof daemon> | null = null
    const startKubelet = async (): Promise<void> => {
      const flags = [
        `--config=${at('kubelet.yaml')}`,
        `--kubeconfig=${cluster.kubeconfigOf('admin')}`,
        `--hostname-override=${name}`,
        `--node-ip=${address}`,
        `--root-dir=${at('kubelet')}`,
        `--cert-dir=${at('pki')}`,
      ]
      kubelet = daemon(tool('kubelet'), flags)
      const ready = '{.status.conditions[?(@.type=="Ready")].status}'
      await until(
        () =>
          Promise.resolve().then(() => cluster.kubectl(['get', 'node', name, '-o', `jsonpath=${ready}`]) === 'True'),
        kubelet,
      )
    }
    const stopKubelet = (): void => {
      kubelet?.kill('SIGKILL')
      kubelet = null
    }
    stopped.push(stopKubelet)
    await startKubelet()
    return {
      name,
      address,
      image,
      load: (archive) => {
        ctr('images', 'import', archive)
      },
      containers: () =>
        ctr('tasks', 'ls', '-q')
          .split('\n')
          .filter((line) => line !== ''),
      stopKubelet,
      startKubelet,
      stop,
    }
  } catch (error) {
    stop()
    throw error
  }
}

/** Waits for the other suites' nodes: a kubelet ends the pods of every other one on its machine. Lasts no longer than this process. */
async function ownTurn(): Promise<ReturnType<typeof daemon>> {
  const held = `echo held; exec tail --pid=${String(process.pid)} -f /dev/null`
  const turn = daemon('flock', ['--no-fork', path.join(os.tmpdir(), 'vipdoctor-kubelet.lock'), 'sh', '-c', held])
  await until(() => Promise.resolve(turn.said() !== ''), turn, 590)
  return turn
}

const containerdConfig = (place: Readonly<Record<'root' | 'state' | 'socket' | 'cni', string>>): string => `version = 2
root = "${place.root}"
state = "${place.state}"
[grpc]
  address = "${place.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause}"
  # A machine without CAP_SYS_RESOURCE cannot lower a score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "${place.cni}"
    bin_dir = "/usr/lib/cni"
`

const cni = {
  cniVersion: '0.4.0',
  name: 'bridge',
  plugins: [{ type: 'bridge', bridge: 'vipdoctor0', ipam: { type: 'host-local', subnet: '10.222.0.0/24' } }],
}

const kubeletConfig = (of: { socket: string; port: number; healthPort: number; folder: string }): string =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: '/',
    containerRuntimeEndpoint: `unix://${of.socket}`,
    failSwapOn: false,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    evictionHard: { 'memory.available': '1Mi' },
    imageGCHighThresholdPercent: 100,
    port: of.port,
    healthzPort: of.healthPort,
    volumePluginDir: path.join(of.folder, 'plugins'),
    podLogsDir: path.join(of.folder, 'logs'),
  })

/** An image of busybox, and over it these programs of this machine, with the libraries that they are linked with. */
function makeImage(
  folder: string,
  name: string,
  programs: readonly string[],
  ctr: (...argv: string[]) => string,
): string {
  const place = mkdtempSync(path.join(folder, 'image-'))
  const [layout, bundle, archive] = ['oci', 'bundle', 'image.tar'].map((file) => path.join(place, file)) as Three
  const root = path.join(bundle, 'rootfs')
  const umoci = (...argv: string[]) => execFileSync('umoci', argv, { stdio: 'pipe' })
  const [repository = '', tag = ''] = name.split(':')
  umoci('init', '--layout', layout)
  umoci('new', '--image', `${layout}:${tag}`)
  const entry = ['--config.cmd', 'sleep', '--config.cmd', '1000000000', '--config.env', 'PATH=/usr/sbin:/usr/bin:/bin']
  umoci('config', '--image', `${layout}:${tag}`, ...entry)
  umoci('unpack', '--image', `${layout}:${tag}`, bundle)
  for (const inside of ['bin', 'usr/bin', 'usr/sbin', 'tmp']) mkdirSync(path.join(root, inside), { recursive: true })
  copyProgram('busybox', root)
  execFileSync('chroot', [root, '/usr/bin/busybox', '--install', '-s', '/bin'], { stdio: 'pipe' })
  mkdirSync(path.join(root, 'etc'), { recursive: true })
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
  for (const program of programs) copyProgram(program, root)
  if (programs.some((program) => program.includes('tables')))
    execFileSync('cp', ['-rL', '--parents', ...xtables, root], { stdio: 'pipe' })
  umoci('repack', '--image', `${layout}:${tag}`, bundle)
  execFileSync('tar', ['-C', layout, '-cf', archive, '.'])
  ctr('images', 'import', '--base-name', repository, archive)
  rmSync(place, { recursive: true })
  return name
}

type Three = [string, string, string]

/** Where iptables finds its matches and targets. */
const xtables = ['/usr/lib/x86_64-linux-gnu/xtables', '/usr/lib/aarch64-linux-gnu/xtables'].filter((dir) =>
  existsSync(dir),
)

/** A program of this machine, with the libraries that it is linked with. */
export function copyProgram(program: string, root: string): void {
  const file = execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim()
  const linked = spawnSync('ldd', [file], { encoding: 'utf8' }).stdout.match(/\/\S+(?= \()/g) ?? []
  for (const library of linked) {
    // Under the names that it has here: iproute2 tells the version of one by where its link leads.
    const [place, real] = [path.join(root, path.dirname(library)), path.basename(realpathSync(library))]
    mkdirSync(place, { recursive: true })
    execFileSync('cp', [library, path.join(place, real)])
    if (real !== path.basename(library)) spawnSync('ln', ['-sf', real, path.join(place, path.basename(library))])
  }
  const target = path.join(root, 'usr/bin', program)
  execFileSync('cp', ['-L', file, target])
}

/** What a container may leave when its daemon is killed. */
function killTasks(ctr: (...argv: string[]) => string): void {
  for (const task of spawnQuietly(() => ctr('tasks', 'ls', '-q'))
    .split('\n')
    .filter((line) => line !== ''))
    spawnQuietly(() => ctr('tasks', 'kill', '-s', 'SIGKILL', task))
}

function unmountUnder(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`))
  for (const mount of mounts.reverse()) spawnSync('umount', ['-l', mount])
}

function spawnQuietly(run: () => string): string {
  try {
    return run()
  } catch {
    return ''
  }
}
