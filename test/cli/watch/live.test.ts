import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { capturePath } from '../../capture/captures.ts'
import { describeNeeding, testNeeding } from '../../kit/needing.ts'
import { ended, segment, untilTrue, type Segment } from './segment.ts'

// Root, for namespaces.
const where = describeNeeding('root', 'tcpdump', 'arping', 'tcpreplay', 'ndisc6')
const withCap = testNeeding('the package cap')

const bin = path.join(import.meta.dirname, '../../../bin/run.js')

where('live, in network namespaces', () => {
  let lan: Segment
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-live-'))
    lan = segment('live', {
      client: ['10.240.0.50/24', 'fd00:240::50/64'],
      gateway: ['10.240.0.1/24', 'fd00:240::1/64'],
      node: ['10.240.0.10/24', '10.240.0.100/32', 'fd00:240::100/128'],
      replay: [],
    })
  })
  afterAll(() => {
    lan.remove()
    rmSync(folder, { recursive: true })
  })

  test('--probe asks, is answered by the kernel that has the address, and sends nothing else', async () => {
    const file = path.join(folder, 'sent.pcap')
    const witness = lan.start('gateway', ['tcpdump', '-p', '-U', '-i', 'eth0', '-w', file, 'arp'])
    await sleep(1000)
    const { code, stdout, stderr } = await lan.vipdoctor('client', [
      'capture',
      'arp',
      '--vip',
      '10.240.0.100',
      '--fabric',
      'lan',
      '--probe',
      '--control',
      '10.240.0.1',
    ])
    witness.kill('SIGINT')
    await sleep(500)
    expect([stderr, code]).toEqual(['listening on eth0; Ctrl-C ends it sooner\n', 0])
    expect(stdout).toMatch(/request {13}asked for by 10\.240\.0\.50/)
    expect(stdout).toMatch(/10\.240\.0\.100 is held by .*, which answers when asked\./)
    const sent = execFileSync(
      'tshark',
      [
        '-r',
        file,
        '-Y',
        'arp.src.proto_ipv4 == 10.240.0.50',
        '-T',
        'fields',
        '-e',
        'arp.opcode',
        '-e',
        'arp.dst.proto_ipv4',
        '-e',
        'arp.isgratuitous',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )
    const kinds = new Set(
      sent
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('1\t'))
        .map((line) => line.split('\t')[1]),
    )
    expect([...kinds].sort()).toEqual(['10.240.0.1', '10.240.0.100'])
    expect(sent).not.toMatch(/(True|1)$/m)
  })

  test('an address that nobody has is asked for and not answered, with proof that the capture works', async () => {
    const { code, stdout } = await lan.vipdoctor('client', [
      'capture',
      'arp',
      '--vip',
      '10.240.0.109',
      '--fabric',
      'lan',
      '--probe',
      '--control',
      '10.240.0.1',
    ])
    expect(stdout).toMatch(
      /10\.240\.0\.109 was asked for 3 times, and nobody answered\. The capture works:\s+10\.240\.0\.1 was/,
    )
    expect(code).toBe(1)
  })

  test('--probe over NDP finds the one that answers', async () => {
    const { code, stdout } = await lan.vipdoctor('client', [
      'capture',
      'ndp',
      '--vip',
      'fd00:240::100',
      '--fabric',
      'lan',
      '--probe',
      '--control',
      'fd00:240::1',
    ])
    expect(stdout).toMatch(/fd00:240::100 is held by/)
    expect(code).toBe(0)
  })

  test('silence without any exchange is unproven', async () => {
    const { code, stdout } = await lan.vipdoctor('replay', [
      'capture',
      'arp',
      '--vip',
      '10.240.0.100',
      '--interface',
      'eth0',
      '--duration',
      '2',
    ])
    expect(stdout).toMatch(/^Silence about 10\.240\.0\.100, unproven\./)
    expect(code).toBe(3)
  })

  test('a switch that behaves like a VPC lets no announcement through', async () => {
    const vpc = segment('vpc', { client: ['10.240.0.50/24'], gateway: ['10.240.0.1/24'], node: ['10.240.0.10/24'] })
    try {
      const rules = `table bridge vpc { chain forward { type filter hook forward priority 0; iifname "node" ether type arp drop; }; }`
      expect(vpc.run('switch', ['nft', rules]).code).toBe(0)
      const watch = vpc.vipdoctor('client', [
        'capture',
        'arp',
        '--vip',
        '10.240.0.100',
        '--fabric',
        'ec2',
        '--probe',
        '--control',
        '10.240.0.1',
      ])
      await sleep(1500)
      vpc.run('node', ['arping', '-U', '-c', '3', '-i', 'eth0', '-S', '10.240.0.100', '10.240.0.100'])
      const { code, stdout } = await watch
      expect(stdout).toMatch(/10\.240\.0\.100 was asked for 3 times, and nobody answered/)
      expect(code).toBe(1)
    } finally {
      vpc.remove()
    }
  })

  const capturesLeft = () => lan.run('client', ['sh', '-c', 'pgrep -x tcpdump --ns $$ --nslist net']).stdout
  test('what is written is whole up to the last frame, also where the program is killed', async () => {
    const file = path.join(folder, 'killed.pcapng')
    const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--duration', '60', '--write', file]
    const child = await lan.listener('client', asked)
    lan.run('replay', ['tcpreplay', '--topspeed', '--intf1=eth0', capturePath('metallb-announce-client')])
    const read = () => {
      const { stdout, stderr, status } = spawnSync('tcpdump', ['-n', '-r', file], { encoding: 'utf8' })
      const frames = stdout.split('\n').filter((line) => line.includes('10.240.0.100')).length
      return { status, stderr, frames }
    }
    await untilTrue(() => read().frames >= 10)
    const told = ended(child)
    child.kill('SIGKILL')
    await told
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { status, stderr, frames } = read()
    expect([status, frames]).toEqual([0, 10])
    expect(stderr).not.toMatch(/truncated/)
    expect(await untilTrue(() => capturesLeft() === '')).toBe(true)
  })

  test('Ctrl-C ends the watch with what was seen, and leaves no tcpdump behind', async () => {
    const running = await lan.listener('client', ['capture', 'arp', '--vip', '10.240.0.100', '--duration', '60'])
    const end = ended(running)
    running.kill('SIGINT')
    const { code, stdout } = await end
    expect(stdout).toMatch(/^Silence about 10\.240\.0\.100/)
    expect(code).toBe(3)
    expect(capturesLeft()).toBe('')
  })

  const privilege = 'vipdoctor: Capturing on lo needs a privilege that this user lacks.\nRun it with sudo, '
  const askAsNobody = (listener: readonly string[]) => {
    const nobody = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      'env',
      'HOME=/nonexistent',
      process.execPath,
      bin,
    ]
    const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--interface', 'lo', ...listener]
    const { status, stderr, stdout } = spawnSync('setpriv', [...nobody, ...asked], { encoding: 'utf8' })
    expect(stderr.slice(0, privilege.length)).toBe(privilege)
    expect([status, stdout]).toEqual([2, ''])
    return stderr.slice(privilege.length)
  }
  test('nobody is told in one sentence which privilege tcpdump misses', () => {
    expect(askAsNobody([])).toMatch(/^.*tcpdump/)
  })
  withCap('nobody is told in one sentence which privilege libpcap misses', () => {
    expect(askAsNobody(['--source', 'libpcap', '--promiscuous'])).toMatch(/^.*command -v node/)
  })

  test('libpcap is not taken where it would have to be promiscuous unasked', async () => {
    const { code, stderr } = await lan.vipdoctor('client', [
      'capture',
      'arp',
      '--vip',
      '10.240.0.100',
      '--source',
      'libpcap',
    ])
    expect(stderr).toMatch(/^vipdoctor: The package cap, .* listens promiscuously only,.*\nAdd --promiscuous/)
    expect(code).toBe(2)
  })

  test('where the package cap is not there, one line says how to get it, and tcpdump listens', () => {
    const apart = copyWithoutPackages(folder)
    const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--source', 'libpcap', '--promiscuous', '--duration', '1']
    const { code, stderr, stdout } = lan.run('client', ['env', '-u', 'NODE_ENV', process.execPath, apart, ...asked])
    expect(stderr).toMatch(
      /^vipdoctor: tcpdump listens: the package cap, .* \(apt-get install libpcap-dev .*\)\.\nlistening on eth0 for 1 s; Ctrl-C ends it sooner\n$/,
    )
    expect(stdout).toMatch(/^Silence about 10\.240\.0\.100/)
    expect(code).toBe(3)
  })

  withCap('where there is no tcpdump, libpcap listens if it may be promiscuous', () => {
    const programs = path.join(folder, 'programs')
    mkdirSync(programs)
    const ip = spawnSync('sh', ['-c', 'command -v ip'], { encoding: 'utf8' }).stdout.trim()
    for (const program of [ip, '/bin/sh', '/bin/cat']) symlinkSync(program, path.join(programs, path.basename(program)))
    const asked = ['env', `PATH=${programs}`, process.execPath, bin, 'capture', 'arp', '--vip', '10.240.0.100']
    const without = lan.run('client', [...asked, '--duration', '1'])
    expect(without.stderr).toBe('vipdoctor: There is no tcpdump on this machine.\napt-get install tcpdump\n')
    const { code, stderr } = lan.run('client', [...asked, '--duration', '1', '--promiscuous'])
    expect(stderr).toBe(
      'vipdoctor: libpcap listens, since there is no tcpdump: lost frames are not counted.\nlistening on eth0 for 1 s; Ctrl-C ends it sooner\n',
    )
    expect(code).toBe(3)
  })
})

/** The program as it runs where no package could be installed: its own files alone. */
function copyWithoutPackages(folder: string): string {
  const root = path.join(import.meta.dirname, '../../..')
  for (const part of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    cpSync(path.join(root, part), path.join(folder, 'apart', part), { recursive: true })
  return path.join(folder, 'apart/bin/run.js')
}
