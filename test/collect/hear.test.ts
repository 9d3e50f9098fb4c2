import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { execFileSync, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { capturePath } from '../capture/captures.ts'
import { ended, segment, untilTrue, type Ran, type Segment } from '../cli/watch/segment.ts'
import { describeNeeding } from '../kit/needing.ts'
import { recordedWorld, type World } from '../kit/recorded-world.ts'

// Root, for namespaces.
const where = describeNeeding('root', 'tcpdump', 'tcpreplay', 'tshark', 'arping', 'ssh', 'ssh-keygen', '/usr/sbin/sshd')
const bin = path.join(import.meta.dirname, '../../bin/run.js')

const nodes = {
  'controller-0': '10.240.0.10',
  'controller-1': '10.240.0.11',
  'worker-0': '10.240.0.20',
  'worker-1': '10.240.0.21',
}

interface Finding {
  readonly id: string
  readonly status: string
  readonly reason: string
  readonly subject: string
  readonly says: string
}

// A recorded cluster, whose nodes are hosts of a LAN with a real sshd each, and who asks is another host of it.
where('check --capture', () => {
  let world: World
  let lan: Segment
  let folder: string
  let relay: net.Server
  const daemons: ChildProcess[] = []
  let bundles = 0
  const at = (name: string) => path.join(folder, name)
  const hostOf = (address: string) => `n${address.split('.')[3] ?? ''}`

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-hear-'))
    world = await recordedWorld('lan-healthy')
    const hosts = Object.values(nodes).map((address) => [hostOf(address), [`${address}/24`]] as const)
    const others = { client: ['10.240.0.50/24'], gateway: ['10.240.0.1/24'], replay: [] }
    lan = segment('hear', { ...others, ...Object.fromEntries(hosts) })
    lan.run('client', ['ip', 'route', 'add', 'default', 'via', '10.240.0.1'])
    mkdirSync('/run/sshd', { recursive: true })
    for (const name of ['host', 'user']) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
    cpSync(at('user.pub'), at('authorized_keys'))
    for (const address of Object.values(nodes)) {
      const config = [
        `ListenAddress ${address}:22`,
        `HostKey ${at('host')}`,
        `AuthorizedKeysFile ${at('authorized_keys')}`,
        'StrictModes no',
        'UsePAM no',
        'PermitRootLogin yes',
        'PidFile none',
      ]
      writeFileSync(at(`${address}.conf`), `${config.join('\n')}\n`)
      daemons.push(lan.start(hostOf(address), ['/usr/sbin/sshd', '-D', '-f', at(`${address}.conf`)]))
      await untilTrue(() => lan.run(hostOf(address), ['ss', '-ltnH', 'sport = 22']).stdout !== '')
    }
    relay = await reachableFrom('client')
  })
  afterAll(async () => {
    for (const daemon of daemons) daemon.kill()
    relay.close()
    lan.remove()
    await world.close()
    rmSync(folder, { recursive: true })
  })

  /** The API server of the test listens on this machine's loopback; a socket file leads there from the namespace's own. */
  async function reachableFrom(host: string): Promise<net.Server> {
    const port = Number(new URL(world.api.url).port)
    const server = net.createServer((one) => one.pipe(net.connect(port, '127.0.0.1')).pipe(one)).listen(at('api'))
    const inside = `net=require("net");net.createServer(s=>s.pipe(net.connect("${at('api')}")).pipe(s)).listen(${String(port)},"127.0.0.1")`
    daemons.push(lan.start(host, [process.execPath, '-e', inside]))
    await untilTrue(() => lan.run(host, ['ss', '-ltnH', `sport = ${String(port)}`]).stdout !== '')
    return server
  }

  const overSsh = [
    ...['--nodes', 'ssh', '--ssh-user', os.userInfo().username],
    ...[
      'IdentityFile=%s/user',
      'IdentitiesOnly=yes',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
    ].flatMap((one) => ['--ssh-option', one]),
  ]
  const listeners = (host: string) => lan.run(host, ['sh', '-c', 'pgrep -x tcpdump --ns $$ --nslist net']).stdout.trim()

  /** Runs a check on the client; once it listens on all of these hosts, `meanwhile`. */
  async function check(
    flags: readonly string[],
    on: readonly string[],
    meanwhile: (child: ChildProcess) => void,
    env: Readonly<Record<string, string>> = {},
  ) {
    bundles += 1
    const saved = at(`saved-${String(bundles)}`)
    const settings = { PATH: process.env.PATH ?? '', HOME: folder, KUBECONFIG: world.api.kubeconfig, ...env }
    const child = lan.start('client', [
      ...['env', '-i', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`), process.execPath, bin],
      ...['check', '--fabric', 'lan', ...flags.map((one) => one.replace('%s', folder))],
      ...[...world.nodeOutputs, '--save-bundle', saved, '-o', 'json'],
    ])
    const told = ended(child)
    if (on.length > 0) {
      expect(await untilTrue(() => on.every((host) => listeners(host) !== ''))).toBe(true)
      await sleep(1000)
      meanwhile(child)
    }
    return { ...(await told), saved }
  }
  const announce = () => {
    lan.start('replay', ['tcpreplay', '--timer=nano', '--intf1=eth0', capturePath('metallb-announce-client')])
  }
  const judgedAlike = async ({ saved, stdout }: Ran & { readonly saved: string }) => {
    const again = await world.vipdoctor(['check', '--fabric', 'lan', '--bundle', saved, '-o', 'json'])
    expect(again.stdout).toBe(stdout)
    const text = await world.vipdoctor(['check', '--fabric', 'lan', '--bundle', saved])
    return text.stdout
  }
  const wire = (stdout: string): readonly Finding[] =>
    (JSON.parse(stdout) as { diagnoses: readonly { findings: readonly Finding[] }[] }).diagnoses.flatMap(
      ({ findings }) => findings.filter(({ id }) => id.startsWith('wire/')),
    )
  const gapsOf = (stdout: string) =>
    (JSON.parse(stdout) as { gaps: readonly { source: string; reason: string }[] }).gaps.filter(({ source }) =>
      source.startsWith('captures/'),
    )
  const capturesIn = (saved: string) =>
    existsSync(path.join(saved, 'captures'))
      ? readdirSync(path.join(saved, 'captures'), { recursive: true, encoding: 'utf8' }).filter((name) =>
          name.includes('.pcap'),
        )
      : []

  test('what is announced is heard on the nodes over ssh and here, and the saved bundle judges alike', async () => {
    const hosts = ['client', ...Object.values(nodes).map(hostOf)]
    // Long enough that a busy machine has every listener up at one time.
    const ran = await check(['--capture=15', ...overSsh], hosts, announce)
    expect(capturesIn(ran.saved).sort()).toEqual(['client', ...Object.keys(nodes)].map((name) => `${name}/eth0.pcapng`))
    const held = '10.240.0.100 is held by controller-0 (eth0, 0a:58:0a:f0:00:0a), which announces as MetalLB does.'
    const heard = wire(ran.stdout).filter(({ id }) => id === 'wire/several-announcers')
    expect(heard.map(({ status, subject, says }) => [status, subject, says])).toEqual(
      ['client', ...Object.keys(nodes)].map((name) => ['pass', `capture/captures/${name}/eth0.pcapng`, held]),
    )
    expect(gapsOf(ran.stdout)).toEqual([])
    expect(await judgedAlike(ran)).toContain('  On the wire:\n  - 10.240.0.100 is held by controller-0 (eth0,')
    for (const host of hosts) expect([host, listeners(host)]).toEqual([host, ''])
    // As ordinary tools read it.
    const frames = execFileSync('tshark', ['-r', path.join(ran.saved, 'captures/worker-0/eth0.pcapng'), '-Y', 'arp'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(frames).toMatch(/ARP.* 10\.240\.0\.100/)
  })

  /** What the client asked for by ARP while something else went on. */
  async function askedMeanwhile(work: () => Promise<unknown>): Promise<readonly string[]> {
    const file = at(`witness-${String(bundles)}.pcap`)
    const witness = lan.start('gateway', ['tcpdump', '-p', '-U', '-i', 'eth0', '-w', file, 'arp'])
    const gone = ended(witness)
    await untilTrue(() => listeners('gateway') !== '')
    await sleep(1000)
    await work()
    witness.kill('SIGINT')
    await gone
    const fields = ['-T', 'fields', '-e', 'arp.dst.proto_ipv4']
    const by = 'arp.src.proto_ipv4 == 10.240.0.50 && arp.opcode == 1'
    const seen = execFileSync('tshark', ['-r', file, '-Y', by, ...fields], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return [...new Set(seen.trim().split('\n'))].sort()
  }

  test('without --nodes it listens here alone and sends nothing; with --probe it asks, so that silence means something', async () => {
    const runs: (Ran & { readonly saved: string })[] = []
    const unasked = await askedMeanwhile(async () => {
      runs.push(await check(['10.240.0.100', '--capture=2'], [], announce))
    })
    expect(unasked).toEqual([''])
    const asked = await askedMeanwhile(async () => {
      runs.push(await check(['--capture=5', '--probe', '10.240.0.100'], [], announce))
    })
    // The connections of --probe come later, and the kernel asks for the nodes then.
    expect(asked).toEqual(expect.arrayContaining(['10.240.0.1', '10.240.0.100']))
    expect(runs.map(({ saved }) => capturesIn(saved))).toEqual([['client/eth0.pcapng'], ['client/eth0.pcapng']])
    const blind = runs.map(({ stdout }) =>
      wire(stdout)
        .filter(({ id, status }) => id === 'wire/capture-blind' || (status === 'fail' && id !== ''))
        .map(({ id, reason }) => `${id} ${reason}`),
    )
    expect(blind).toEqual([
      ['wire/capture-blind blind'],
      ['wire/capture-blind control-answered', 'wire/unanswered-requests unanswered'],
    ])
    await judgedAlike(runs[0] ?? { code: null, stdout: '', stderr: '', saved: '' })
  })

  test('Ctrl-C ends it here and on the nodes at once', async () => {
    const hosts = ['client', ...Object.values(nodes).map(hostOf)]
    const before: number[] = []
    const ran = await check(['--capture=60', ...overSsh], hosts, (child) => {
      before.push(Date.now())
      child.kill('SIGINT')
    })
    expect(Date.now() - (before[0] ?? 0)).toBeLessThan(30_000)
    expect([ran.code, ran.stdout]).toEqual([130, ''])
    for (const host of hosts) expect([host, await untilTrue(() => listeners(host) === '')]).toEqual([host, true])
  })

  test('where nothing can be heard is a gap that says why, and the rest is judged', async () => {
    mkdirSync(at('bin'), { recursive: true })
    // No tcpdump here; on the nodes nobody answers.
    for (const tool of ['sh', 'cat', 'ip', 'ssh', 'env'])
      if (!existsSync(at(`bin/${tool}`)))
        execFileSync('sh', ['-c', `ln -s "$(command -v ${tool})" "$0"`, at(`bin/${tool}`)])
    const ran = await check(['--capture=1', ...overSsh, '--ssh-option', 'Port=9'], [], announce, { PATH: at('bin') })
    const gaps = new Map(gapsOf(ran.stdout).map(({ source, reason }) => [source, reason]))
    expect(gaps.get('captures/client/eth0.pcapng')).toBe(
      'There is no tcpdump on this machine (apt-get install tcpdump)',
    )
    expect(gaps.get('captures/controller-0/any.pcapng')).toMatch(
      /^Nothing could be captured on controller-0: ssh: connect to host 10\.240\.0\.10 port 9: Connection refused/,
    )
    expect(ran.stderr).toMatch(/^captures: nothing could be heard at client: There is no tcpdump on this machine/m)
    expect(JSON.parse(ran.stdout)).toMatchObject({ verdict: 'reachable' })
    expect(capturesIn(ran.saved)).toEqual([])
  })

  test.each([
    [['--capture=0'], /^vipdoctor: --capture: 0 is less than a second\.$/m],
    [['--capture', '5'], /^vipdoctor: There is no Service 5\.$/m],
    [['--capture', '--bundle', 'x'], /^vipdoctor: --capture is about a live cluster, and a bundle was named\./],
  ])('%j is refused in one sentence', async (flags, sentence) => {
    const { code, stderr } = await world.vipdoctor(['check', ...flags])
    expect(stderr).toMatch(sentence)
    expect(code).toBe(2)
  })
})
