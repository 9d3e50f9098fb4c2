import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { capturePath } from '../capture/captures.ts'
import { has } from '../has.ts'
import { ended, segment, type Segment } from './segment.ts'

const ready = process.getuid?.() === 0 && ['tcpdump', 'arping', 'tcpreplay', 'ndisc6'].every(has)
const where = ready ? describe : describe.skip // needs root for namespaces, and tcpdump, arping, tcpreplay and ndisc6

const bin = path.join(import.meta.dirname, '../../bin/run.js')

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

  /** Replays a recorded capture into the segment once vipdoctor listens there. */
  async function whileReplaying(name: string, args: readonly string[]) {
    const watch = lan.vipdoctor('client', ['capture', ...args])
    await sleep(1500)
    lan.run('replay', ['tcpreplay', '--intf1=eth0', capturePath(name)])
    return watch
  }

  test('MetalLB is heard as it announces, and the watch ends when asked to', async () => {
    const { code, stdout } = await whileReplaying('metallb-announce-client', [
      'arp',
      '--vip',
      '10.240.0.100',
      '--fabric',
      'lan',
      '--until',
      'announced',
      '--duration',
      '15',
    ])
    expect(stdout).toMatch(/gratuitous request {2}held by 0a:58:0a:f0:00:0a\n/)
    expect(code).toBe(0)
  })

  test('two announcers are a fault, by their habits and by name', async () => {
    const { code, stdout } = await whileReplaying('two-announcers-client', [
      'arp',
      '--vip',
      '10.240.0.103',
      '--fabric',
      'lan',
      '--duration',
      '14',
      '--output',
      'json',
    ])
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
    expect(last).toMatchObject({
      type: 'conclusion',
      verdict: 'fault',
      claimants: [{ rhythm: 'kube-vip' }, { rhythm: 'metallb' }],
      dropped: 0,
    })
    expect(code).toBe(1)
  })

  test('a neighbour advertisement is heard', async () => {
    const { code, stdout } = await whileReplaying('metallb-announce-ndp-client', [
      'ndp',
      '--vip',
      'fd00:240::100',
      '--fabric',
      'lan',
      '--until',
      'announced',
      '--duration',
      '15',
    ])
    expect(stdout).toMatch(/unsolicited advertisement {2}held by 0a:58:0a:f0:00:0b\n/)
    expect(code).toBe(0)
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
    expect([stderr, code]).toEqual(['', 0])
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

  test('what is written is whole up to the last frame, also where the program is killed', async () => {
    const file = path.join(folder, 'killed.pcapng')
    const child = lan.start('client', [
      process.execPath,
      bin,
      'capture',
      'arp',
      '--vip',
      '10.240.0.100',
      '--duration',
      '60',
      '--write',
      file,
    ])
    await sleep(2000)
    lan.run('replay', ['tcpreplay', '--topspeed', '--intf1=eth0', capturePath('metallb-announce-client')])
    await sleep(500)
    child.kill('SIGKILL')
    await sleep(500)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { stdout, stderr, status } = spawnSync('tcpdump', ['-n', '-r', file], { encoding: 'utf8' })
    expect([
      status,
      stdout
        .trim()
        .split('\n')
        .filter((line) => line.includes('10.240.0.100')).length,
    ]).toEqual([0, 10])
    expect(stderr).not.toMatch(/truncated/)
    expect(lan.run('client', ['sh', '-c', 'pgrep -x tcpdump --ns $$ --nslist net']).stdout).toBe('')
  })

  test('Ctrl-C ends the watch with what was seen, and leaves no tcpdump behind', async () => {
    const running = spawn(
      'ip',
      [
        'netns',
        'exec',
        'vd-live-client',
        process.execPath,
        bin,
        'capture',
        'arp',
        '--vip',
        '10.240.0.100',
        '--duration',
        '60',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const end = ended(running)
    await sleep(2000)
    running.kill('SIGINT')
    const { code, stdout } = await end
    expect(stdout).toMatch(/^Silence about 10\.240\.0\.100/)
    expect(code).toBe(3)
    expect(lan.run('client', ['sh', '-c', 'pgrep -x tcpdump --ns $$ --nslist net']).stdout).toBe('')
  })

  test('without the privilege one sentence says what helps', () => {
    const dropped = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', process.execPath, bin]
    const asked = ['capture', 'arp', '--vip', '10.240.0.100', '--interface', 'lo']
    const { status, stderr, stdout } = spawnSync('setpriv', [...dropped, ...asked], { encoding: 'utf8' })
    expect(stderr).toMatch(
      /^vipdoctor: Capturing on lo needs a privilege that this user lacks\.\nRun it with sudo, or once: sudo setcap/,
    )
    expect([status, stdout]).toEqual([2, ''])
  })
})
