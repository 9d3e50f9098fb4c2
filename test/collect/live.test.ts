import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { fixturePath } from '../kit/fixtures.ts'
import type { ApiFault } from './kubernetes/server.ts'
import { recordedWorld, type World } from '../kit/recorded-world.ts'

interface Report {
  readonly verdict: string
  readonly diagnoses: readonly {
    readonly vip: string
    readonly verdict: string
    readonly causes: readonly { readonly id: string }[]
    readonly findings: readonly { id: string; status: string }[]
  }[]
  readonly gaps: readonly { readonly source: string; readonly reason: string }[]
}

let world: World | null = null
afterEach(async () => {
  await world?.close()
  world = null
})

const summary = ({ verdict, diagnoses }: Report) => ({
  verdict,
  diagnoses: diagnoses.map((one) => ({
    vip: one.vip,
    verdict: one.verdict,
    causes: one.causes.map(({ id }) => id),
    // The recordings hold no instance types; a live reading does.
    findings: one.findings
      .filter(({ id }) => id !== 'delivery/address-slots-full')
      .map(({ id, status }) => `${id} ${status}`),
  })),
})

/** A live run types its commands with its own flags; a bundle knows of none. */
const untyped = <T extends { readonly stdout: string }>(ran: T): T => ({
  ...ran,
  stdout: ran.stdout.replaceAll('aws --region us-east-1 ', 'aws '),
})

/** How many kinds are read is no matter of these tests. */
const counts = (text: string): string => text.replace(/\b\d+ (more files|files|gaps)\b/g, 'N $1')

describe('a live check', () => {
  test.each(['hard-way-l2', 'hard-way-four-faults', 'etp-local-moved', 'control-plane-vip', 'ipvs'])(
    '%s is judged as its bundle is, and saves the evidence that gives the same bytes again',
    async (name) => {
      world = await recordedWorld(name)
      const saved = path.join(world.folder, 'saved.tar.gz')
      const args = ['--region', 'us-east-1', ...world.nodeOutputs, '--quiet']
      const live = await world.vipdoctor(['check', ...args, '--save-bundle', saved, '--output', 'json'])
      expect(live.stderr).toBe('')
      const again = await world.vipdoctor(['check', '--bundle', saved, '--output', 'json'])
      expect(again).toEqual({ ...untyped(live), stderr: '' })
      const folder = path.join(world.folder, 'saved')
      const text = await world.vipdoctor(['check', ...args, '--save-bundle', folder, '--node-ports'])
      expect(await world.vipdoctor(['check', '--bundle', folder, '--node-ports'])).toEqual(untyped(text))
      expect(text.stdout).toMatch(
        /\nJudged as EC2, because its account was read: AWS 123456789012, us-east-1\.\nExit code \d: .*\n$/,
      )

      const recorded = await world.vipdoctor(['check', '--bundle', fixturePath(name), '--output', 'json'])
      expect(live.code).toBe(recorded.code)
      expect(summary(JSON.parse(live.stdout) as Report)).toEqual(summary(JSON.parse(recorded.stdout) as Report))
    },
  )

  test('two readings of the same cluster say the same', async () => {
    world = await recordedWorld('hard-way-l2')
    const args = ['check', '--region', 'us-east-1', ...world.nodeOutputs, '--quiet', '--output', 'json']
    const [one, two] = [await world.vipdoctor(args), await world.vipdoctor(args)]
    expect(summary(JSON.parse(one.stdout) as Report)).toEqual(summary(JSON.parse(two.stdout) as Report))
  })

  test('on a LAN no account is asked', async () => {
    world = await recordedWorld('lan-not-advertised')
    const { code } = await world.vipdoctor(['check', '--fabric', 'lan', ...world.nodeOutputs, '--quiet'])
    expect(code).toBe(1)
    expect(world.ec2.asked).toEqual([])
  })

  test('credentials of an account that has nothing to do with the cluster are left out, and said', async () => {
    world = await recordedWorld('lan-not-advertised')
    const { code, stderr } = await world.vipdoctor(['check', ...world.nodeOutputs, '--quiet'], {
      env: { AWS_REGION: 'us-east-1' },
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^aws: left out: no interface that this account shows in this region holds an address of a node/m,
    )
  })

  test('every fault gives its gap, and the rest of the diagnosis stands', async () => {
    world = await recordedWorld('hard-way-l2', {
      api: { events: { status: 403 } },
      ec2: {
        DescribeNetworkAcls: { error: 'UnauthorizedOperation', status: 403 },
        DescribeSecurityGroups: { error: 'UnauthorizedOperation', status: 403 },
      },
    })
    const [, ...others] = world.nodeOutputs
    const { code, stdout } = await world.vipdoctor([
      'check',
      '--region',
      'us-east-1',
      ...others,
      '--quiet',
      '--output',
      'json',
    ])
    const report = JSON.parse(stdout) as Report
    expect(code).toBe(1)
    expect(report.diagnoses[0]?.causes.map(({ id }) => id)).toEqual(['delivery/vip-not-owned'])
    const gaps = new Map(report.gaps.map(({ source, reason }) => [source, reason]))
    expect(gaps.get('kubernetes/events.json')).toMatch(/forbidden \(403\)/)
    expect(gaps.get('aws/describe-security-groups.json')).toBe(
      'permission ec2:DescribeSecurityGroups is missing (see `vipdoctor policy --aws`)',
    )
  })

  test('an API server that refuses the credentials is one gap for each kind, and exit code 2, since no VIP is known', async () => {
    world = await recordedWorld('hard-way-l2', { api: { '*': { status: 401 } } })
    const { code, stdout } = await world.vipdoctor(['check', '--fabric', 'lan', '--quiet', '--output', 'json'])
    expect(code).toBe(2)
    expect(
      (JSON.parse(stdout) as Report).gaps.find(({ source }) => source === 'kubernetes/services.json')?.reason,
    ).toMatch(/^the API server does not accept the credentials \(401/)
  })

  test.each<[string, ApiFault, string[]]>([
    [
      'refuses the credentials',
      { status: 401 },
      [
        'NOT KNOWN: the API server does not accept the credentials (401: Failure: said',
        '  the server)',
        '  For this reason N files were not read.',
      ],
    ],
    [
      'forbids every list',
      { status: 403 },
      [
        'NOT KNOWN: listing pods in the whole cluster is forbidden (403); the ClusterRole',
        '  rule is {apiGroups: [""], resources: ["pods"], verbs: ["list"]}',
        '  N more files were not read (--verbose lists them).',
      ],
    ],
  ])('of an API server that %s the reason stands first, and what to type behind it', async (_, fault, lines) => {
    world = await recordedWorld('hard-way-l2', { api: { '*': fault } })
    const { code, stdout } = await world.vipdoctor(['check', '--fabric', 'lan', '--quiet', '--context', 'test'])
    expect(code).toBe(2)
    expect(
      counts(stdout)
        .split('\n')
        .slice(0, lines.length + 4),
    ).toEqual([
      ...lines,
      '',
      '  To know more:',
      '    kubectl --context test get services -A',
      '    vipdoctor policy --kubernetes',
    ])
  })

  test('a step that is told takes the flags of this run with it', async () => {
    world = await recordedWorld('hard-way-healthy')
    const { stdout } = await world.vipdoctor(['check', '--region', 'us-east-1', '--quiet', '--ssh-user', 'admin'])
    expect(stdout).toContain('vipdoctor check 10.240.0.100:80 --region=us-east-1 --ssh-user=admin --nodes ssh\n')
  })

  test.each([
    ['no kubeconfig', ['check'], { KUBECONFIG: '' }, 'There is no kubeconfig, and this is no pod of a cluster.'],
    ['a context that is not there', ['check', '--context', 'prod'], {}, 'The kubeconfig has no context "prod".'],
    [
      'a place to save that is not there',
      ['check', '--save-bundle', '/nowhere/b.tar.gz'],
      {},
      'there is no directory /nowhere',
    ],
    [
      'a bundle and a cluster',
      ['check', '--bundle', 'x', '--nodes', 'ssh'],
      {},
      '--nodes is about a live cluster, and a bundle was named.',
    ],
    [
      'a node output that is none',
      ['check', '--node-output', 'worker-0=/etc/hostname'],
      {},
      '/etc/hostname is not what the node script printed.',
    ],
    ['no place for the bundle', ['collect'], {}, 'Where the bundle goes is not said.'],
  ] as const)('%s is one sentence and exit code 2', async (_, args, env, message) => {
    world = await recordedWorld('hard-way-l2')
    const { code, stdout, stderr } = await world.vipdoctor(args, { env })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
  })
})

test('an API server that never answers is told of while it is waited for, as long as --timeout says', async () => {
  world = await recordedWorld('hard-way-l2', { api: { '*': 'never' } })
  const { code, stdout, stderr } = await world.vipdoctor(['check', '--fabric', 'lan', '--timeout', '6'])
  expect(code).toBe(2)
  expect(stdout).toMatch(/^NOT KNOWN: the API server https:\/\/127\.0\.0\.1:\d+ did not answer in time\n/)
  expect(stderr).toMatch(
    /^kubernetes: waiting for https:\S+ \(\d+ s\)\nkubernetes: 0 kinds read, \d+ could not be read\n$/,
  )
})

describe('collect', () => {
  test('writes a bundle of ordinary files that is judged as the live cluster is', async () => {
    world = await recordedWorld('hard-way-l2')
    const bundle = path.join(world.folder, 'bundle.tar.gz')
    const args = ['--region', 'us-east-1', ...world.nodeOutputs, '--quiet']
    const collected = await world.vipdoctor(['collect', '-o', bundle, ...args])
    expect(collected.stdout).toMatch(/bundle\.tar\.gz: \d+ files, \d+ gaps?\n/)
    expect(collected.stdout).not.toContain('not asked')
    expect(statSync(bundle).mode & 0o777).toBe(0o600)
    const names = execFileSync('tar', ['tzf', bundle], { encoding: 'utf8' }).trim().split('\n')
    for (const file of [
      'bundle.json',
      'aws/describe-vpcs.json',
      'kubernetes/services.json',
      'nodes/worker-0/ip-route.json',
      'nodes/worker-0/cni-conf/10-bridge.conf',
    ])
      expect(names).toContain(file)
    const live = await world.vipdoctor(['check', ...args, '--output', 'json'])
    const judged = await world.vipdoctor(['check', '--bundle', bundle, '--output', 'json'])
    expect(summary(JSON.parse(judged.stdout) as Report)).toEqual(summary(JSON.parse(live.stdout) as Report))
  })

  test('--redact says how many of what it replaced', async () => {
    world = await recordedWorld('hard-way-l2')
    const bundle = path.join(world.folder, 'redacted')
    const { stdout } = await world.vipdoctor([
      'collect',
      '-o',
      bundle,
      '--redact',
      '--region',
      'us-east-1',
      ...world.nodeOutputs,
      '--quiet',
    ])
    expect(stdout).toMatch(
      / {2}replaced: \d+ account ids, \d+ instance ids, \d+ public addresses, \d+ MACs, \d+ names\n {4}of nodes and hosts\n$/,
    )
    expect(readdirSync(path.join(bundle, 'nodes'))).toEqual(['node-01', 'node-02', 'node-03', 'node-04'])
  })

  test('says what was not asked, and replaces a bundle only with --force', async () => {
    world = await recordedWorld('lan-not-advertised')
    const bundle = path.join(world.folder, 'bundle.tar.gz')
    const args = ['collect', '-o', bundle, '--quiet']
    const env = { AWS_ACCESS_KEY_ID: '' }
    const first = await world.vipdoctor(args, { env })
    expect(first.stdout.split('\n').filter((line) => line.includes('not asked'))).toEqual([
      '  not asked: the nodes (--nodes ssh, --nodes pod, or --node-output)',
      '  not asked: AWS, since no node says that it is on EC2 (--region REGION asks it)',
    ])
    const written = readFileSync(bundle)
    expect(await world.vipdoctor(args, { env })).toMatchObject({
      code: 2,
      stderr: `vipdoctor: The bundle cannot be written to ${bundle}: it is there already.\n--force replaces it; or name another.\n`,
    })
    expect(readFileSync(bundle).equals(written)).toBe(true)
    expect((await world.vipdoctor([...args, '--force', '--fabric', 'lan'])).stdout).not.toContain('AWS')
  })

  test('where nothing could be read it says why, and ends with 3', async () => {
    world = await recordedWorld('hard-way-l2', { api: { '*': { status: 401 } } })
    const bundle = path.join(world.folder, 'bundle')
    const { code, stdout } = await world.vipdoctor(['collect', '-o', bundle, '--fabric', 'lan', '--quiet'])
    expect({ code, lines: counts(stdout).split('\n').slice(0, 3) }).toEqual({
      code: 3,
      lines: [
        `${bundle}: 1 file, N gaps`,
        '  not read: the API server does not accept the credentials (401: Failure: said',
        '    the server): N files',
      ],
    })
  })

  test('prints the node script', async () => {
    world = await recordedWorld('hard-way-l2')
    const { stdout, code } = await world.vipdoctor(['collect', '--print-node-script'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^#!\/bin\/sh\n/)
  })
})

describe('Ctrl-C', () => {
  const interrupted = async (args: readonly string[]) => {
    const { api, ec2, nodeOutputs, vipdoctor } = (world = await recordedWorld('hard-way-l2', {
      ec2: { DescribeSubnets: { never: true } },
    }))
    // The unanswered call was made, and the cluster has not been asked for a second: all else was read.
    let seen = { count: 0, at: Date.now() }
    const waiting = (): boolean => {
      if (api.asked.length !== seen.count) seen = { count: api.asked.length, at: Date.now() }
      return (
        ec2.asked.some(({ action }) => action === 'DescribeSubnets') && seen.count > 10 && Date.now() - seen.at > 1_000
      )
    }
    const ran = await vipdoctor([...args, '--region', 'us-east-1', ...nodeOutputs, '--quiet'], {
      interruptWhen: waiting,
    })
    expect(ran.afterInterrupt).toBeLessThan(30_000)
    return ran
  }

  test('ends at once, judges nothing and writes no bundle', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-interrupted-'))
    const { code, stdout, stderr } = await interrupted(['collect', '-o', path.join(folder, 'never.tar.gz')])
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain('vipdoctor: interrupted. With --partial, what was read until then is kept.')
    expect(readdirSync(folder)).toEqual([])
    rmdirSync(folder)
  })

  test('with --partial what was read is judged', async () => {
    const { stdout } = await interrupted(['check', '--partial', '--output', 'json'])
    const report = JSON.parse(stdout) as Report
    expect(report.diagnoses.length).toBe(1)
    expect(report.gaps).toContainEqual(
      expect.objectContaining({ source: 'aws/describe-subnets.json', reason: 'interrupted' }),
    )
  })
})

test('without a terminal progress is a few plain lines on standard error', async () => {
  world = await recordedWorld('hard-way-l2')
  const begun = Date.now()
  const { stderr, stdout } = await world.vipdoctor(['check', '--region', 'us-east-1', ...world.nodeOutputs])
  const lines = stderr.trimEnd().split('\n')
  for (const says of [/^aws: \d+ listings of us-east-1 read$/, /^kubernetes: \d+ kinds read, \d+ not installed$/]) {
    // One at the end, and before it one in five seconds.
    const own = lines.filter((line) => says.test(line))
    expect(own.length).toBeGreaterThan(0)
    expect(own.length).toBeLessThanOrEqual(1 + (Date.now() - begun) / 5_000)
    for (const line of own) lines.splice(lines.indexOf(line), 1)
  }
  expect(lines).toEqual([])
  expect(stdout).not.toContain('kubernetes: ')
})
