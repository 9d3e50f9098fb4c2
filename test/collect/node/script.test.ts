import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, describe } from '@jest/globals'
import { nodeScript } from '../../../src/collect/node/script.ts'
import { nodeKinds } from '../../../src/evidence/node/kinds.ts'
import { nodeScriptFiles, parseNodeOutput } from '../../../src/collect/node/frames.ts'
import { bpfLb, ciliumStatus } from '../../kit/ebpf.ts'
import { has } from '../../kit/has.ts'
import { testNeeding } from '../../kit/needing.ts'
import { keepalivedConf } from '../../kit/keepalived.ts'
import { cibOf, fencingPassword, ipaddr2 } from '../../kit/pacemaker.ts'

function run(argv: readonly string[], script = nodeScript) {
  const [command = 'sh', ...rest] = argv
  const { stdout, stderr, status } = spawnSync(command, rest, { input: script, timeout: 180_000, cwd: '/' })
  return {
    bytes: new Uint8Array(stdout),
    stderr: stderr.toString(),
    status,
    output: parseNodeOutput(new Uint8Array(stdout)),
  }
}

const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

describe.each([['dash'], ['bash'], ['busybox sh']])('under %s', (shell) => {
  const argv = [...shell.split(' '), '-s']
  const where = testNeeding(shell.split(' ')[0] ?? '')

  where('every file is read, absent on purpose, or a gap with a reason', () => {
    const { output, stderr, status } = run(argv)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(output.complete).toBe(true)
    expect(output.files.has('ip-addr.json')).toBe(true)
    for (const [name, reason] of output.gaps)
      expect({ name, reason }).toEqual({ name, reason: expect.stringMatching(/\S.*[^.]$/) })
  })

  where("a node's addresses and routes are what iproute2 prints", () => {
    const { files } = run(argv).output
    expect(JSON.parse(textOf(files.get('ip-addr.json')))).toContainEqual(expect.objectContaining({ ifname: 'lo' }))
    expect(JSON.parse(textOf(files.get('ip-route.json')))).toBeInstanceOf(Array)
    expect(textOf(files.get('sysctl.txt'))).toMatch(/^net\.ipv4\.ip_forward = [01]$/m)
  })
})

test('what the parser calls the files of a node is what the script speaks of', () => {
  const lines = textOf(run(['sh', '-s']).bytes).split('\n')
  const named = lines.filter((line) => /^[>?-]/.test(line)).map((line) => line.slice(1).split(' ')[0] ?? '')
  expect(named.filter((name) => !name.startsWith('cni-conf/')).sort()).toEqual([...nodeScriptFiles].sort())
})

test('every file of a node that vipdoctor can judge is one that the script writes', () => {
  const judged = Object.values(nodeKinds).map(({ file }) => file)
  expect(judged.filter((file) => !(nodeScriptFiles as readonly string[]).includes(file))).toEqual([])
})

test('a script that was cut off on its way runs nothing', () => {
  expect(run(['sh', '-s'], nodeScript.slice(0, nodeScript.length - 30)).bytes.length).toBe(0)
})

// For namespaces and other users.
const asRoot = testNeeding('root')

asRoot.each([['dash'], ['bash']])(
  'as nobody under %s, what needs root is a gap that says so, and the rest is read',
  (shell) => {
    const { output } = run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', shell, '-s'])
    expect(output.complete).toBe(true)
    expect(output.files.has('ip-addr.json')).toBe(true)
    expect(output.files.has('processes.txt')).toBe(true)
    expect(output.files.has('ss-listen.txt')).toBe(true)
    if (has('nft')) expect(output.gaps.get('nft-ruleset.json')).toMatch(/needs root, and sudo -n was refused|sudo/)
  },
)

asRoot.each([['dash'], ['bash']])(
  "in a network namespace under %s, both back-ends' rules are listed by name",
  (shell) => {
    const setup = [
      'ip link set lo up',
      'ip link add eth0.100 type veth peer name p0',
      'ip addr add 10.240.0.20/24 dev eth0.100',
      'ip link set eth0.100 up',
      'iptables-nft -t nat -N KUBE-SERVICES',
      'iptables-nft -t nat -A KUBE-SERVICES -d 10.240.0.100/32 -p tcp --dport 80 -j ACCEPT',
      'nft add table ip kube-proxy',
      `${shell} -s`,
    ].join(' && ')
    const { output, stderr } = run(['unshare', '-n', 'sh', '-c', setup])
    expect(stderr).toBe('')
    expect(textOf(output.files.get('iptables-nft-save.txt'))).toMatch(
      /^\[\d+:\d+\] -A KUBE-SERVICES -d 10\.240\.0\.100\/32 -p tcp/m,
    )
    expect(textOf(output.files.get('nft-ruleset.json'))).toContain('"name": "kube-proxy"')
    expect(output.files.has('iptables-legacy-save.txt')).toBe(false)
    expect(output.gaps.has('iptables-legacy-save.txt')).toBe(false)
    expect(textOf(output.files.get('sysctl.txt'))).toMatch(/^net\.ipv4\.conf\.eth0\/100\.rp_filter = \d$/m)
  },
)

asRoot('rules that iptables-legacy wrote are read by iptables-legacy-save', () => {
  const { output } = run(['unshare', '-n', 'sh', '-c', 'iptables-legacy -t nat -N KUBE-SERVICES || exit 77; dash -s'])
  if (!output.complete) return // the kernel has no legacy tables at all
  expect(textOf(output.files.get('iptables-legacy-save.txt'))).toMatch(/^:KUBE-SERVICES - \[0:0\]$/m)
  expect(textOf(output.files.get('iptables-nft-save.txt'))).not.toContain('KUBE-SERVICES')
})

asRoot.each([['dash'], ['bash']])('under %s, processes that /proc hides are a gap, not missing ones', (shell) => {
  const user = 'setpriv --reuid=65534 --regid=65534 --clear-groups'
  const setup = `mount --make-rprivate / && mount -t proc -o hidepid=2 proc /proc && exec ${user} ${shell} -s`
  const { output } = run(['unshare', '-m', 'sh', '-c', setup])
  expect(output.files.has('processes.txt')).toBe(false)
  expect(output.gaps.get('processes.txt')).toMatch(/^processes of other users are hidden here \(hidepid\)/)
  expect(output.gaps.has('kube-proxy-config.yaml')).toBe(true)
})

asRoot('keepalived’s addresses are read, from every file, and no password leaves the node', () => {
  const first = keepalivedConf('MASTER').replaceAll('\n', '\\n')
  const second = keepalivedConf('BACKUP', '10.240.0.6').replaceAll('\n', '\\n')
  const setup = `mount --make-rprivate / && mount -t tmpfs none /etc && mkdir -p /etc/keepalived/conf.d &&
    printf '%b' '${first}' > /etc/keepalived/keepalived.conf && printf '%b' '${second}' > /etc/keepalived/conf.d/b.conf && exec sh -s`
  const { output, bytes } = run(['unshare', '-m', 'sh', '-c', setup])
  const text = textOf(output.files.get('keepalived.conf'))
  expect(text).toContain('10.240.0.5/24')
  expect(text).toContain('10.240.0.6/24')
  expect(textOf(bytes)).toContain('auth_pass ***')
  expect(textOf(bytes)).not.toContain('hunter2x')
})

asRoot.each([
  ['that cibadmin prints', 'cat cib.xml', 'nowhere'],
  ['that is kept on the disk, where cibadmin reaches no Pacemaker', 'echo Connection refused >&2; exit 102', 'cib.xml'],
])('the addresses of a CIB %s are read, and no password leaves the node', (_, cibadmin, kept) => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'pacemaker-')))
  writeFileSync(path.join(folder, 'cib.xml'), cibOf(`<group id="g">\n${ipaddr2('vip', '10.240.0.5')}</group>`))
  writeFileSync(path.join(folder, 'cibadmin'), `#!/bin/sh\ncd ${folder}\n${cibadmin}\n`, { mode: 0o755 })
  const setup = `mount --make-rprivate / && mount -t tmpfs none /var/lib && mkdir -p /var/lib/pacemaker/cib &&
    { cp ${folder}/${kept} /var/lib/pacemaker/cib/cib.xml 2>/dev/null || true; } && PATH=${folder}:$PATH exec sh -s`
  const { output, bytes } = run(['unshare', '-m', 'sh', '-c', setup])
  rmSync(folder, { recursive: true })
  const text = textOf(output.files.get('pacemaker-cib.xml'))
  expect(text).toContain('<nvpair name="ip" value="10.240.0.5"/>')
  expect(text).toContain('<node uname="controller-1"/>')
  expect(textOf(bytes)).toContain('id="fence"')
  expect(textOf(bytes)).not.toContain(fencingPassword)
  expect(textOf(bytes)).not.toContain('fencing-admin')
})

asRoot("kube-proxy's own words are read where it runs, and command lines hide what looks like a secret", () => {
  const server = `
    const http = require('http')
    http.createServer((q, r) => q.url === '/proxyMode' ? r.end('iptables')
      : q.url === '/metrics' ? r.end('go_threads 1\\nkubeproxy_sync_total 3\\nkubeproxy_x_bucket{le="1"} 4\\n') : (r.statusCode = 404, r.end())).listen(10249, '127.0.0.1', () =>
    http.createServer((q, r) => (r.statusCode = 503, r.end('{"lastUpdated":"x"}'))).listen(10256, () => {
      const c = require('child_process').spawn('dash', ['-s'], { stdio: 'inherit' }); c.on('exit', (n) => process.exit(n)) }))`
  const { output } = run([
    ...['unshare', '-n', 'bash', '-c'],
    `ip link set lo up; exec -a kube-proxy ${process.execPath} -e "$0" -- --config=/etc/hostname --auth-token=hush`,
    server,
  ])
  expect(textOf(output.files.get('proxy-mode.txt'))).toBe('iptables')
  expect(textOf(output.files.get('healthz-10256.json'))).toBe('{"lastUpdated":"x"}')
  expect(textOf(output.files.get('kube-proxy-metrics.txt'))).toBe('kubeproxy_sync_total 3\n')
  expect(textOf(output.files.get('processes.txt'))).toMatch(/kube-proxy .*--auth-token=\*\*\*/)
  expect(textOf(output.files.get('processes.txt'))).not.toContain('hush')
})

asRoot('Cilium’s tables are asked for in the agent’s container, and of its status only what is judged is kept', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'crictl-')))
  const tool = (name: string, lines: readonly string[]) => {
    writeFileSync(path.join(folder, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
  }
  // As crictl does: `ps` prints ids, `exec ID COMMAND` runs it.
  tool('crictl', [
    `[ "$*" != 'ps --state Running --quiet --name ^cilium-agent$' ] || echo 0a1b2c`,
    '[ "$1" != exec ] || { shift 2; exec "$@"; }',
  ])
  tool('cilium-dbg', [
    'case "$*" in',
    `'bpf lb list -o json') echo '${bpfLb(['10.200.2.3:80'])}' ;;`,
    `'status -o json') echo '{"cluster":{"nodes":["secret-node"]},${ciliumStatus(['eth0']).slice(1)}' ;;`,
    '*) echo "unknown command $*" >&2; exit 1 ;;',
    'esac',
  ])
  const setup = `export PATH=${folder}:$PATH; (exec -a cilium-agent sleep 60) & sleep 0.2; dash -s; kill $!`
  const { output } = run(['unshare', '-n', 'bash', '-c', setup])
  rmSync(folder, { recursive: true })
  expect(JSON.parse(textOf(output.files.get('cilium-bpf-lb-list.json')))).toEqual(JSON.parse(bpfLb(['10.200.2.3:80'])))
  expect(textOf(output.files.get('cilium-status.json'))).toContain('"eth0"')
  expect(textOf(output.files.get('cilium-status.json'))).not.toContain('secret-node')
  expect(output.gaps.get('cilium-service-list.json')).toBe('unknown command service list -o json')
  expect(output.files.has('calico-bpf-nat-dump.txt') || output.gaps.has('calico-bpf-nat-dump.txt')).toBe(false)
})

describe('the file that --config of kube-proxy names', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'kube-proxy-')))
  const at = (name: string) => path.join(folder, name)
  const configuration = 'kind: KubeProxyConfiguration\nmode: iptables\n'
  const notRoots =
    "no process that is named kube-proxy is root's own kube-proxy, so what its arguments name is not read"

  beforeAll(() => {
    writeFileSync(at('config.yaml'), configuration)
    writeFileSync(at('long.yaml'), `${configuration}${'# more\n'.repeat(20_000)}`)
    mkdirSync(at('..2026_01_01'))
    writeFileSync(at('..2026_01_01/config.conf'), configuration)
    symlinkSync('..2026_01_01', at('..data'))
    symlinkSync('..data/config.conf', at('config.conf'))
    symlinkSync(at('config.yaml'), at('absolute.yaml'))
    symlinkSync('../config.yaml', at('..2026_01_01/upwards.yaml'))
    symlinkSync('/etc', at('etc'))
    symlinkSync('loop.yaml', at('loop.yaml'))
    spawnSync('mkfifo', [at('fifo')])
    copyFileSync('/bin/dash', at('kube-proxy'))
    chmodSync(folder, 0o755)
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  /** What a node says on which one process was started so, with the file as its `--config`. */
  const said = (start: string, file: string) => {
    const commands = `(${start} -c 'sleep 300; :' - --config="$0") >/dev/null 2>&1 & dash -s`
    const { output } = run(['unshare', '-p', '-f', '--mount-proc', 'bash', '-c', commands, file])
    return textOf(output.files.get('kube-proxy-config.yaml')) || output.gaps.get('kube-proxy-config.yaml')
  }
  const genuine = `exec ${at('kube-proxy')}`
  const asNobody = 'exec setpriv --reuid=65534 --regid=65534 --clear-groups'

  asRoot.each([
    ['as it is', 'config.yaml', configuration],
    ['as the kubelet mounts a ConfigMap', 'config.conf', configuration],
    ['behind an absolute link', 'absolute.yaml', /a link or \.\. on its way may lead elsewhere$/],
    ['behind a folder that is one', 'etc/hostname', /a link or \.\. on its way may lead elsewhere$/],
    ['behind a link that leads upwards', '..2026_01_01/upwards.yaml', /a link or \.\. on its way may lead elsewhere$/],
    ['behind a link to itself', 'loop.yaml', /a link or \.\. on its way may lead elsewhere$/],
    ['a FIFO', 'fifo', /is no regular file under the root of process \d+$/],
    ['longer than any', 'long.yaml', /is larger than 64 KiB$/],
    ['something else', '../../etc/shadow', /a link or \.\. on its way may lead elsewhere$/],
    ['nothing', 'absent', /is no regular file under the root of process \d+$/],
  ])("of root's own kube-proxy, %s", (_, name, expected) => {
    const found = said(genuine, `${folder}/${name}`)
    if (typeof expected === 'string') expect(found).toBe(expected)
    else expect(found).toMatch(expected)
  })

  asRoot('is read as no other file', () => {
    expect(said(genuine, '/etc/shadow')).toBe('/etc/shadow does not say that it is a KubeProxyConfiguration')
  })

  asRoot.each([
    ['another user', `${asNobody} ${at('kube-proxy')}`],
    ['another program', 'exec -a kube-proxy /bin/dash'],
  ])('is not read where %s calls itself so', (_, start) => {
    expect(said(start, at('config.yaml'))).toBe(notRoots)
  })
})
