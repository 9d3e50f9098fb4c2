import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseNodeOutput } from '../../../src/collect/node/frames.ts'
import { nodeScript } from '../../../src/collect/node/script.ts'
import { readNodes } from '../../../src/collect/node/read-nodes.ts'
import { localTransport, sshTransport, type NodeTransport } from '../../../src/collect/node/transport.ts'
import { emptyCollection, sealed } from '../../../src/collect/collection.ts'
import { evidenceOver } from '../../../src/collect/live.ts'
import { targetOf } from '../../../src/collect/node-hints.ts'
import { known } from '../../../src/evidence/gap.ts'
import { fixtureStore } from '../../kit/fixtures.ts'
import { recordedWorld } from '../../kit/recorded-world.ts'
import { testNeeding } from '../../kit/needing.ts'

// A real sshd with keys of its own on loopback, and the real ssh in front: nothing of the user's configuration is read or written.
const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-ssh-'))
const at = (name: string) => path.join(folder, name)
const me = os.userInfo().username
const servers: ChildProcess[] = []
const never = new AbortController().signal

interface Instances {
  readonly Reservations: readonly {
    readonly Instances: readonly { readonly InstanceId: string; readonly PrivateIpAddress: string }[]
  }[]
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function key(name: string): void {
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  if (made.status !== 0) throw new Error(made.stderr.toString())
}

async function sshd(name: string, extra: readonly string[] = []): Promise<number> {
  const port = await freePort()
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    `PidFile ${at(`${name}.pid`)}`,
    ...extra,
  ]
  writeFileSync(at(`${name}.conf`), config.join('\n') + '\n')
  servers.push(spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at(`${name}.conf`)], { stdio: 'ignore' }))
  for (let tries = 0; tries < 100; tries += 1) {
    if (await answers(port)) return port
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`sshd ${name} does not listen`)
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })

const transport = (
  port: number,
  options: readonly string[] = [],
  user: string | null = me,
  identity = 'user',
): NodeTransport =>
  sshTransport({
    user,
    options: [
      ...options,
      `Port=${port}`,
      `IdentityFile=${at(identity)}`,
      'IdentitiesOnly=yes',
      `UserKnownHostsFile=${at('known_hosts')}`,
      'GlobalKnownHostsFile=/dev/null',
    ],
  })

const read = async (over: NodeTransport, timeoutMs = 60_000, signal = never) => {
  const outputs = await readNodes([{ node: 'worker-0', address: '127.0.0.1' }], {
    transport: over,
    signal,
    atOnce: 4,
    timeoutMs,
  })
  const output = outputs.get('worker-0')
  if (output === undefined) throw new Error('no answer for worker-0')
  return output
}

let port = 0
beforeAll(async () => {
  spawnSync('mkdir', ['-p', '/run/sshd'])
  key('host')
  key('other')
  key('user')
  writeFileSync(at('authorized_keys'), readFileSync(at('user.pub')))
  port = await sshd('plain')
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${readFileSync(at('host.pub'), 'utf8')}`)
})
afterAll(() => {
  for (const server of servers) server.kill()
  rmSync(folder, { recursive: true })
})

test('this machine is read without ssh', async () => {
  const { bytes, ended } = await localTransport(
    { node: 'here', address: '' },
    { script: nodeScript, signal: never, timeoutMs: 60_000 },
  )
  expect(ended).toBeNull()
  expect(parseNodeOutput(bytes).complete).toBe(true)
})

test('a node is read over one connection, the same as from the node itself', async () => {
  const { files, complete, gaps } = await read(transport(port))
  expect(complete).toBe(true)
  const here = parseNodeOutput(
    (await localTransport({ node: 'here', address: '' }, { script: nodeScript, signal: never, timeoutMs: 60_000 }))
      .bytes,
  )
  expect([...files.keys()]).toEqual([...here.files.keys()])
  // curl says how long it tried.
  const untimed = (reasons: typeof gaps) => [...reasons].map(([name, why]) => [name, why.replace(/after \d+ ms/, '')])
  expect(untimed(gaps)).toEqual(untimed(here.gaps))
  expect(Buffer.from(files.get('ip-route.json') ?? [])).toEqual(Buffer.from(here.files.get('ip-route.json') ?? []))
})

test('a host key that is not the known one: no file is read, and the reason says so', async () => {
  writeFileSync(at('wrong_hosts'), `[127.0.0.1]:${port} ${readFileSync(at('other.pub'), 'utf8')}`)
  const { files, gaps } = await read(transport(port, [`UserKnownHostsFile=${at('wrong_hosts')}`]))
  expect(files.size).toBe(0)
  expect(gaps.get('ip-addr.json')).toBe('ssh: Host key verification failed')
})

test('a host that is not known is not trusted on first sight', async () => {
  const { gaps } = await read(transport(port, ['UserKnownHostsFile=/dev/null']))
  expect(gaps.get('ip-addr.json')).toBe('ssh: Host key verification failed')
})

test('a key that the node does not accept: nobody is asked for a password', async () => {
  const { gaps } = await read(transport(port, [], me, 'other'))
  expect(gaps.get('ip-addr.json')).toMatch(/^ssh: .*Permission denied \(publickey\)$/)
})

test('a refused connection is the reason of every gap', async () => {
  const { files, gaps } = await read(transport(await freePort()))
  expect(files.size).toBe(0)
  expect(gaps.get('nft-ruleset.json')).toMatch(/^ssh: connect to host 127\.0\.0\.1 port \d+: Connection refused$/)
})

test('a node that accepts the connection and never speaks is given up', async () => {
  const sockets: net.Socket[] = []
  const silent = net.createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { gaps } = await read(transport((silent.address() as net.AddressInfo).port), 1_500)
  expect(gaps.get('ip-addr.json')).toBe('no answer within 2 s')
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('a banner and a chatty login shell do not disturb', async () => {
  writeFileSync(at('banner'), 'Authorised use only.\n|do not parse me\n')
  writeFileSync(
    at('chatty'),
    `#!/bin/sh\necho 'Last login: today'\necho '>ip-addr.json'\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n`,
  )
  chmodSync(at('chatty'), 0o755)
  const chatty = await sshd('banner', [`Banner ${at('banner')}`, `ForceCommand ${at('chatty')}`])
  const { complete, files } = await read(
    transport(chatty, ['StrictHostKeyChecking=accept-new', `UserKnownHostsFile=${at('new_hosts')}`]),
  )
  expect(complete).toBe(true)
  expect(JSON.parse(Buffer.from(files.get('ip-addr.json') ?? []).toString())).toBeInstanceOf(Array)
})

test("what an rc file says without a newline does not hide the script's first line", async () => {
  writeFileSync(at('mumbling'), `#!/bin/sh\nprintf 'loading profile ... '\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n`)
  chmodSync(at('mumbling'), 0o755)
  const mumbling = await sshd('mumbling', [`ForceCommand ${at('mumbling')}`])
  const { complete } = await read(transport(mumbling, ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']))
  expect(complete).toBe(true)
})

test('output without end is not read for ever, and what came before is kept', async () => {
  const script = `printf 'vipdoctor-node 1\n>ip-addr.json\n|[]\n|\n<0\n>ip-link.json\n'; yes '|x'`
  const { bytes, ended } = await transport(port)(
    { node: 'n', address: '127.0.0.1' },
    { script, signal: never, timeoutMs: 60_000 },
  )
  expect(ended).toBe('it printed more than 128 MiB')
  expect(bytes.length).toBeLessThanOrEqual(128 * 1024 ** 2)
  const { files, gaps } = parseNodeOutput(bytes.subarray(0, 1 << 22), ended)
  expect(Buffer.from(files.get('ip-addr.json') ?? []).toString()).toBe('[]\n')
  expect(gaps.get('ip-link.json')).toMatch(/^its output was cut off after \d+ bytes: it printed more than 128 MiB$/)
})

test('what runs on the node ends when the connection does', async () => {
  const [running, tools] = [at('node-shell'), at('tools')]
  spawnSync('mkdir', ['-p', tools])
  writeFileSync(path.join(tools, 'nft'), '#!/bin/sh\nexec sleep 3\n', { mode: 0o755 })
  writeFileSync(
    at('slow'),
    `#!/bin/sh\nPATH=${tools}:$PATH; export PATH\necho $$ > ${running}\nexec $SSH_ORIGINAL_COMMAND\n`,
  )
  chmodSync(at('slow'), 0o755)
  const slow = await sshd('slow', [`ForceCommand ${at('slow')}`])
  const stop = new AbortController()
  const reading = read(
    transport(slow, ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']),
    60_000,
    stop.signal,
  )
  const shell = () => Number(existsSync(running) ? readFileSync(running, 'utf8') : 0)
  const lives = () => existsSync(`/proc/${shell()}/fd/0`)
  for (let tries = 0; tries < 100 && !(shell() > 0 && lives()); tries += 1) await wait(50)
  expect(lives()).toBe(true)
  stop.abort()
  expect((await reading).gaps.get('versions.txt')).toMatch(/interrupted$/)
  for (let tries = 0; tries < 200 && lives(); tries += 1) await wait(50)
  expect(lives()).toBe(false)
})

test('output that is cut in the middle spoils one file and keeps those before it', async () => {
  writeFileSync(
    at('cut'),
    `#!/bin/sh\nsh -c "$SSH_ORIGINAL_COMMAND" | sed '/^>ip-route.json/{n;q;}'\nsleep 1\nkill -9 $PPID\n`,
  )
  chmodSync(at('cut'), 0o755)
  const cut = await sshd('cut', [`ForceCommand ${at('cut')}`])
  const { complete, files, gaps } = await read(
    transport(cut, ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']),
  )
  expect(complete).toBe(false)
  expect(files.has('ip-addr.json')).toBe(true)
  expect(gaps.get('ip-route.json')).toMatch(/^its output was cut off after \d+ bytes/)
  expect(gaps.get('versions.txt')).toMatch(/^the node's output ended before it/)
})

// Only root may make an account.
const asRoot = testNeeding('root', 'sudo')
const user = 'vipdoctor-test'
async function withAccount(run: () => Promise<void>): Promise<void> {
  spawnSync('useradd', ['-M', '-N', '-s', '/bin/sh', '-p', '*', user])
  // Debian builds sudo without its lecture.
  const lecturing = `/etc/sudoers.d/${user}`
  writeFileSync(lecturing, `Defaults:${user} lecture=always\n`, { mode: 0o440 })
  try {
    chmodSync(folder, 0o755)
    await run()
  } finally {
    rmSync(lecturing)
    spawnSync('userdel', [user])
  }
}

asRoot('where sudo asks for a password, what needs root is a gap and the rest is read', () =>
  withAccount(async () => {
    const { complete, files, gaps } = await read(transport(port, [], user))
    expect(complete).toBe(true)
    expect(files.has('ip-addr.json')).toBe(true)
    expect(gaps.get('nft-ruleset.json')).toBe('needs root, and sudo -n was refused (a password is required)')
  }),
)

asRoot("sudo's lecture and its prompt, which an rc file brings about, are no lines of the node's", () =>
  withAccount(async () => {
    const seen = at('lecture')
    writeFileSync(seen, '')
    chmodSync(seen, 0o666)
    writeFileSync(at('lectured'), `#!/bin/sh\nsudo -S true </dev/null 2>&1 | tee ${seen}\nexec $SSH_ORIGINAL_COMMAND\n`)
    chmodSync(at('lectured'), 0o755)
    const lectured = await sshd('lectured', [`ForceCommand ${at('lectured')}`])
    const { complete, files, gaps } = await read(
      transport(lectured, ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'], user),
    )
    expect(readFileSync(seen, 'utf8')).toMatch(/usual lecture[^]*\[sudo\] password for vipdoctor-test: /)
    expect(complete).toBe(true)
    expect(JSON.parse(Buffer.from(files.get('ip-addr.json') ?? []).toString())).toBeInstanceOf(Array)
    expect(gaps.get('nft-ruleset.json')).toBe('needs root, and sudo -n was refused (a password is required)')
  }),
)

test("a user's ProxyCommand carries the connection", async () => {
  const seen = at('proxied')
  const relay = `sh -c 'echo %h:%p > ${seen}; exec ${process.execPath} -e "const s=require(\\"net\\").connect(%p,\\"127.0.0.1\\");process.stdin.pipe(s);s.pipe(process.stdout)"'`
  const over = transport(port, [`ProxyCommand=${relay}`, `HostKeyAlias=[127.0.0.1]:${port}`])
  const outputs = await readNodes([{ node: 'worker-0', address: 'i-0123456789abcdef0' }], {
    transport: over,
    signal: never,
    atOnce: 1,
    timeoutMs: 60_000,
  })
  expect(outputs.get('worker-0')?.complete).toBe(true)
  expect(readFileSync(seen, 'utf8')).toBe(`i-0123456789abcdef0:${port}\n`)
})

test('an interruption ends the connection and its proxy at once', async () => {
  const stop = new AbortController()
  const running = at('running')
  const over = transport(port, [`ProxyCommand=sh -c 'echo $$ > ${running}; exec sleep 300'`])
  setTimeout(() => {
    stop.abort()
  }, 700)
  const started = Date.now()
  const { gaps } = await read(over, 60_000, stop.signal)
  expect(Date.now() - started).toBeLessThan(30_000)
  expect(gaps.get('ip-addr.json')).toBe('interrupted')
  const pid = readFileSync(running, 'utf8').trim()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(existsSync(`/proc/${pid}/fd/0`)).toBe(false)
})

test('without the account no instance is known, and the reason is said', () => {
  const nothing = evidenceOver(sealed(emptyCollection(), { time: '2026-01-01T00:00:00Z', tool: 'test' }))
  const node = { metadata: { name: 'worker-0' } }
  expect(targetOf(node, 'instance', nothing)).toEqual({
    node: 'worker-0',
    address: '',
    unreachable: expect.stringMatching(/^its EC2 instance is not known: \S/),
  })
  const named = { ...node, spec: { providerID: 'aws:///us-east-1a/i-0123456789abcdef0' } }
  expect(targetOf(named, 'instance', nothing).address).toBe('i-0123456789abcdef0')
})

/** A report without its commands: a live run types them with its own flags, of which a bundle knows nothing. */
const untyped = ({ stdout }: { readonly stdout: string }): unknown =>
  JSON.parse(stdout, (key, value: unknown) => (['commands', 'look', 'advice'].includes(key) ? null : value))

describe('vipdoctor check --nodes', () => {
  const hosts = () => [...new Set(readFileSync(at('hosts'), 'utf8').trim().split('\n'))].sort()
  const relay = () =>
    `sh -c 'echo %r@%h >> ${at('hosts')}; exec ${process.execPath} -e "const s=require(\\"net\\").connect(${port},\\"127.0.0.1\\");process.stdin.pipe(s);s.pipe(process.stdout)"'`
  const check = async (...extra: string[]) => {
    const world = await recordedWorld('hard-way-l2')
    try {
      const saved = path.join(world.folder, 'saved')
      const common = ['check', '--region', 'us-east-1', '--quiet', '--output', 'json']
      const live = await world.vipdoctor([...common, '--save-bundle', saved, ...extra])
      const again = await world.vipdoctor(['check', '--bundle', saved, '--output', 'json'])
      expect(untyped(again)).toEqual(untyped(live))
      const nodes = existsSync(path.join(saved, 'nodes')) ? readdirSync(path.join(saved, 'nodes')) : []
      return {
        ...live,
        nodes: nodes.sort(),
        files: nodes.flatMap((node) => readdirSync(path.join(saved, 'nodes', node))),
      }
    } finally {
      await world.close()
    }
  }
  const overSsh = (...extra: string[]) => {
    writeFileSync(at('hosts'), '')
    const options = [
      `ProxyCommand=${relay()}`,
      `HostKeyAlias=[127.0.0.1]:${port}`,
      'Port=22',
      `IdentityFile=${at('user')}`,
      'IdentitiesOnly=yes',
      `UserKnownHostsFile=${at('known_hosts')}`,
      'GlobalKnownHostsFile=/dev/null',
    ]
    return check('--nodes', 'ssh', '--ssh-user', me, ...options.flatMap((one) => ['--ssh-option', one]), ...extra)
  }

  test('ssh reads the nodes that the VIP’s packet can meet, as the user and by the ProxyCommand that were named', async () => {
    const { nodes, files, stderr } = await overSsh()
    expect(stderr).toBe('')
    // The announcer, and the two nodes with an endpoint; controller-1 is not met.
    expect(nodes).toEqual(['controller-0', 'worker-0', 'worker-1'])
    expect(hosts()).toEqual([`${me}@10.240.0.10`, `${me}@10.240.0.20`, `${me}@10.240.0.21`])
    expect(files).toEqual(expect.arrayContaining(['ip-addr.json', 'iptables-nft-save.txt', 'sysctl.txt']))
  })

  test('ssh reads every node by its name where that is asked', async () => {
    const { nodes } = await overSsh('--nodes-for', 'all', '--node-addresses', 'name')
    expect(hosts()).toEqual(nodes.map((node) => `${me}@${node}`))
    expect(nodes.length).toBe(4)
  })

  test('ssh is given the instance ids that the account says, for a ProxyCommand over Systems Manager', async () => {
    const { nodes, files } = await overSsh('--node-addresses', 'instance')
    expect(nodes).toEqual(['controller-0', 'worker-0', 'worker-1'])
    const ids = JSON.parse(
      Buffer.from(known((await fixtureStore('hard-way-l2')).read('aws/describe-instances.json')) ?? []).toString(),
    ) as Instances
    const of = new Map(
      ids.Reservations.flatMap(({ Instances: all }) => all.map((one) => [one.PrivateIpAddress, one.InstanceId])),
    )
    const expected = ['10.240.0.10', '10.240.0.20', '10.240.0.21'].map((address) => `${me}@${of.get(address) ?? ''}`)
    expect(hosts()).toEqual(expected.sort())
    expect(files).toEqual(expect.arrayContaining(['ip-addr.json']))
  })

  test('ssh that fails on every node says so once for each, and the rest is judged', async () => {
    const { code, nodes, stderr } = await check('--nodes', 'ssh', '--ssh-option', 'ProxyCommand=sh -c "exit 1"')
    expect({ code, nodes }).toEqual({ code: 1, nodes: [] })
    // OpenSSH itself may end without a word.
    for (const node of ['controller-0', 'worker-0', 'worker-1'])
      expect(stderr).toMatch(
        new RegExp(`^nodes: nothing could be read from ${node}: ssh(?:: \\S.*| ended with status 255.*)$`, 'm'),
      )
  })

  test('local reads this machine and no other', async () => {
    const { nodes, files } = await check('--nodes', 'local')
    expect(nodes).toEqual([os.hostname()])
    expect(files).toContain('ip-addr.json')
  })

  test('none, the default, reads no node', async () => {
    expect((await check()).nodes).toEqual([])
  })
})
