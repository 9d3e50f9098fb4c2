import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { act } from '../kit/github-runner.ts'
import { testNeeding } from '../kit/needing.ts'
import { gitlabComplaints, junitComplaints, prometheusSamples, sarifComplaints, xpath } from '../kit/valid-reports.ts'
import { startHardWay, type HardWay } from './hard-way.ts'
import { hasEtcd } from './kube-apiserver.ts'
import { motoServer } from './moto.ts'
import { hasTool, tool } from './tools.ts'

// A pipeline behind the bootstrap of a cluster, against a real API server and moto. scripts/e2e-tools has said what is not there.

const ready = hasTool('kube-apiserver') && hasTool('kubectl') && hasTool('python/bin/moto_server') && hasEtcd()
const where = testNeeding(tool('kube-apiserver'), tool('kubectl'), motoServer, 'etcd')

const bin = path.join(import.meta.dirname, '../../bin/run.js')
let world: HardWay
let env: Record<string, string>

beforeAll(async () => {
  if (!ready) return
  world = await startHardWay()
  const { cluster, account } = world
  env = { ...account.env, HOME: cluster.folder, KUBECONFIG: cluster.kubeconfigOf('admin') }
}, 300_000)

afterAll(() => {
  if (ready) world.stop()
})

const inFolder = (name: string): string => path.join(world.cluster.folder, name)
const written = (name: string): string => readFileSync(inFolder(name), 'utf8')

/** A look on a busy machine may fall between the pool, which comes first, and the address that MetalLB takes out of it. */
const withoutMoment = (changes: readonly string[]): readonly string[] =>
  changes
    .filter((line) => !line.endsWith(': assignment: MetalLB has no pool → MetalLB gave it no address'))
    .map((line) => line.replace('assignment: MetalLB gave it no address → ', 'assignment: MetalLB has no pool → '))

/** Runs the built program; as soon as its standard error shows the next line that is waited for, the next thing happens. */
function vipdoctor(argv: readonly string[], story: readonly (readonly [RegExp, () => void | Promise<void>])[] = []) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...argv], { env: { PATH: process.env.PATH, ...env } })
    const left = [...story]
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
      const [next] = left
      if (next?.[0].test(stderr) !== true) return
      left.shift()
      Promise.resolve(next[1]()).catch(reject)
    })
    child.once('close', (code) => {
      resolve({ code, stdout, stderr })
    })
  })
}

where(
  'a cluster that still comes up is waited for: each change is a line, and the job ends well with all its reports',
  async () => {
    const formats = {
      junit: 'well.xml',
      sarif: 'well.sarif',
      gitlab: 'well.json',
      prometheus: 'well.prom',
      html: 'well.html',
    }
    const files = Object.entries(formats).map(([format, name]) => `--output-file=${format}=${inFolder(name)}`)
    const bundle = inFolder('well.tar.gz')
    const { code, stdout, stderr } = await vipdoctor(
      ['check', '--wait', '2m', '--save-bundle', bundle, ...files, ...world.nodeOutputs],
      [
        [/assignment/, world.assignAddress],
        [/delivery/, world.ownAddress],
        [/endpoint/, world.startPods],
      ],
    )
    expect(code).toBe(0)
    const changes = stderr.split('\n').filter((line) => /^\d+ s: /.test(line))
    const vip = '10.240.0.100:80 (default/nginx-lb)'
    expect(withoutMoment(changes.map((line) => line.replace(/^\d+ s: /, '')))).toEqual([
      'port 80 (default/nginx-lb): unreachable',
      'port 80 (default/nginx-lb): assignment: MetalLB has no pool',
      `${vip}: assignment: MetalLB has no pool → from MetalLB's pool first-pool`,
      `${vip}: delivery: no interface holds it`,
      `${vip}: endpoint: none of 2 endpoints is ready`,
      `${vip}: delivery: no interface holds it → the VPC delivers it to controller-0`,
      `${vip}: unreachable → reachable`,
      `${vip}: endpoint: none of 2 endpoints is ready → 2 ready endpoints`,
    ])
    const again = await vipdoctor(['check', '--bundle', bundle])
    expect(again).toEqual({ code: 0, stdout, stderr: '' })

    expect(junitComplaints([written(formats.junit)])).toBe('')
    expect(sarifComplaints(JSON.parse(written(formats.sarif)))).toEqual([])
    expect(gitlabComplaints(JSON.parse(written(formats.gitlab)))).toEqual([])
    const [samples = []] = prometheusSamples([written(formats.prometheus)])
    expect(samples.filter(({ name }) => name === 'vipdoctor_vip_reachable')).toMatchObject([
      { labels: { vip: '10.240.0.100', port: '80', service: 'default/nginx-lb' }, value: 1 },
    ])
    expect(written(formats.html)).toContain('10.240.0.100')
  },
)

where('with a fault that stays the job fails, and its summary names it', async () => {
  await world.shutPort()
  mkdirSync(inFolder('bin'))
  writeFileSync(inFolder('bin/npx'), `#!/bin/sh\nshift 2\nexec ${process.execPath} ${bin} "$@"\n`)
  chmodSync(inFolder('bin/npx'), 0o755)
  const job = act({ args: `--wait 4s ${world.nodeOutputs.join(' ')}` }, world.cluster.folder, env)
  expect(job.status).toBe(1)
  expect(job.stderr).toMatch(/^\d+ s: .*: admission: security groups admit no tcp\/80 from the client$/m)
  expect(job.summary).toMatch(/^\*\*Cause: `admission\/service-port`\*\*/m)
  expect(job.summary).toContain('aws ec2 authorize-security-group-ingress --group-id ')
  expect(job.stdout).toMatch(/^::error title=admission\/service-port/m)

  const { status, stdout } = spawnSync(
    process.execPath,
    [bin, 'check', '--bundle', path.join(job.uploaded, 'bundle.tar.gz')],
    { encoding: 'utf8' },
  )
  expect([status, stdout]).toEqual([1, expect.stringContaining('UNREACHABLE')])
  const [junit = '', sarif = '', html = ''] = ['report.xml', 'report.sarif', 'report.html'].map((name) =>
    readFileSync(path.join(job.uploaded, name), 'utf8'),
  )
  expect(junitComplaints([junit])).toBe('')
  expect(xpath(junit, 'string(//testcase[failure]/@name)')).toBe('10.240.0.100:80 admission/service-port')
  expect(sarifComplaints(JSON.parse(sarif))).toEqual([])
  expect(html).toContain('admission/service-port')
})

where('nothing of all this was a write', () => {
  expect(world.cluster.writes()).toEqual([])
})
