import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { testNeeding } from '../kit/needing.ts'
import { hasTool, tool } from './tools.ts'

// What scripts/krew makes, validated and installed by Krew itself, and run by kubectl. scripts/e2e-tools has said what is not there.

const ready = hasTool('krew') && hasTool('validate-krew-manifest') && hasTool('kubectl')
const where = testNeeding(tool('krew'), tool('validate-krew-manifest'), tool('kubectl'))

const root = path.join(import.meta.dirname, '../..')
const bundle = path.join(root, 'fixtures/bundles/hard-way-l2.tar.gz')
let folder: string
const at = (name: string): string => path.join(folder, name)

/** As somebody runs it who has Krew's folder on the PATH, and Node. */
function kubectl(argv: readonly string[], PATH = `${at('krew/bin')}:${at('node')}:/usr/bin:/bin`) {
  const { status, stdout, stderr } = spawnSync(tool('kubectl'), argv, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH, HOME: folder, KUBECONFIG: at('nowhere.kubeconfig') },
  })
  return { status, stdout, stderr }
}

beforeAll(() => {
  if (!ready) return
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-krew-'))
  mkdirSync(at('node'))
  symlinkSync(process.execPath, at('node/node'))
  execFileSync(path.join(root, 'scripts/krew'), [at('made'), 'https://plugins.example/kubectl-vipdoctor.tar.gz'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  execFileSync(
    tool('krew'),
    ['install', `--manifest=${at('made/vipdoctor.yaml')}`, `--archive=${at('made/kubectl-vipdoctor.tar.gz')}`],
    { env: { ...process.env, HOME: folder, KREW_ROOT: at('krew') }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
}, 300_000)

afterAll(() => {
  if (ready) rmSync(folder, { recursive: true, force: true })
})

where('Krew’s own validator accepts the manifest', () => {
  const { status, stderr } = spawnSync(
    tool('validate-krew-manifest'),
    [`-manifest=${at('made/vipdoctor.yaml')}`, '-skip-install'],
    { encoding: 'utf8' },
  )
  expect([status, stderr]).toEqual([0, expect.stringContaining('structural validation OK')])
})

where('kubectl finds the plugin, whose help has the name that one types', () => {
  const { status, stdout } = kubectl(['vipdoctor', '--help'])
  expect(status).toBe(0)
  expect(stdout).toContain('$ kubectl vipdoctor')
})

where('it judges a bundle, and its exit code is kubectl’s', () => {
  const { status, stdout, stderr } = kubectl(['vipdoctor', 'check', '--bundle', bundle])
  expect([status, stderr]).toEqual([1, ''])
  expect(stdout).toContain('UNREACHABLE')
})

where('what it needs for a live cluster is in the archive', () => {
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'x', user: { token: 'x' } }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    'current-context': 'x',
  })
  writeFileSync(at('nowhere.kubeconfig'), kubeconfig)
  const { status, stdout, stderr } = kubectl([
    'vipdoctor',
    'check',
    '--region',
    'eu-central-1',
    '--timeout',
    '2',
    '--verbose',
  ])
  expect(status).toBe(2)
  expect(stdout + stderr).toContain('ECONNREFUSED')
  expect(stdout + stderr).not.toContain('Cannot find')
})

where('without Node it says so', () => {
  const { status, stderr } = kubectl(['vipdoctor', '--help'], at('krew/bin'))
  expect([status, stderr]).toEqual([127, expect.stringMatching(/node/)])
})
