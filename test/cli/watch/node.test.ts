import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { capturePath } from '../../capture/captures.ts'
import { describeNeeding } from '../../kit/needing.ts'
import { ended, segment, untilTrue, type Segment } from './segment.ts'

// Root, for namespaces.
const where = describeNeeding('root', 'tcpdump', 'tcpreplay', 'ssh', 'ssh-keygen', '/usr/sbin/sshd')

// A node with a real sshd in a namespace of its own; the client's ssh has keys of the test's own.
where('a capture on a node, over ssh', () => {
  let lan: Segment
  let sshd: ChildProcess
  let folder: string
  const at = (name: string) => path.join(folder, name)
  const onNode = (vip: string, more: readonly string[] = []) => [
    ...['capture', 'arp', '--vip', vip, '--node', '10.240.0.10', '--ssh-user', os.userInfo().username],
    ...[`IdentityFile=${at('user')}`, 'IdentitiesOnly=yes', `UserKnownHostsFile=${at('known_hosts')}`].flatMap(
      (option) => ['--ssh-option', option],
    ),
    ...more,
  ]
  const capturesLeft = () => lan.run('node', ['sh', '-c', 'pgrep -x tcpdump --ns $$ --nslist net']).stdout

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-node-'))
    mkdirSync('/run/sshd', { recursive: true })
    for (const name of ['host', 'user']) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
    cpSync(at('user.pub'), at('authorized_keys'))
    writeFileSync(at('known_hosts'), `10.240.0.10 ${readFileSync(at('host.pub'), 'utf8')}`)
    const config = [
      'ListenAddress 10.240.0.10:22',
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      `PidFile ${at('sshd.pid')}`,
    ]
    writeFileSync(at('sshd.conf'), `${config.join('\n')}\n`)
    lan = segment('ssh', { client: ['10.240.0.50/24'], node: ['10.240.0.10/24'], replay: [] })
    sshd = lan.start('node', ['/usr/sbin/sshd', '-D', '-f', at('sshd.conf')])
    await untilTrue(() => lan.run('node', ['ss', '-ltnH', 'sport = 22']).stdout !== '')
  })
  afterAll(() => {
    sshd.kill()
    lan.remove()
    rmSync(folder, { recursive: true })
  })

  test('MetalLB is heard on the node, the watch ends when asked to, and nothing stays there', async () => {
    const flags = ['--fabric', 'lan', '--until', 'announced', '--duration', '60', '--output', 'json']
    const heard = lan.vipdoctor('client', onNode('10.240.0.100', flags))
    expect(await untilTrue(() => capturesLeft() !== '')).toBe(true)
    await sleep(500)
    lan.start('replay', ['tcpreplay', '--timer=nano', '--intf1=eth0', capturePath('metallb-announce-client')])
    const { code, stdout, stderr } = await heard
    expect([stderr, code]).toEqual(['listening on 10.240.0.10 for 60 s; Ctrl-C ends it sooner\n', 0])
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      verdict: 'fine',
      claimants: [{ mac: '0a:58:0a:f0:00:0a' }],
      dropped: 0,
    })
    expect(capturesLeft()).toBe('')
  })

  // Of another VIP than the replay before, whose last frames may still be on their way.
  test.each(['SIGINT', 'SIGKILL'] as const)('%s ends the capture on the node too', async (signal) => {
    const child = lan.start('client', [process.execPath, bin, ...onNode('10.240.0.109', ['--duration', '60'])])
    const told = ended(child)
    expect(await untilTrue(() => capturesLeft() !== '')).toBe(true)
    const before = Date.now()
    child.kill(signal)
    const { stdout } = await told
    expect(Date.now() - before).toBeLessThan(30_000)
    if (signal === 'SIGINT') expect(stdout).toMatch(/^Silence about 10\.240\.0\.109/)
    expect(await untilTrue(() => capturesLeft() === '')).toBe(true)
  })

  test.each([
    [['--interface', 'nope0'], /^vipdoctor: There is no interface nope0 on 10\.240\.0\.10\.\nssh 10\.240\.0\.10 ip/],
    [['--ssh-option', 'Port=9'], /^vipdoctor: Nothing could be captured on 10\.240\.0\.10: ssh: connect .*refused/],
  ])('%j ends with one sentence', async (flags, sentence) => {
    const { code, stderr, stdout } = await lan.vipdoctor('client', onNode('10.240.0.100', flags))
    expect(stderr).toMatch(sentence)
    expect([code, stdout]).toEqual([2, ''])
  })
})

const bin = path.join(import.meta.dirname, '../../../bin/run.js')
