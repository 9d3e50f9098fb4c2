import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { reported } from '../kit/answers.ts'
import { fixture } from '../kit/fixtures.ts'
import { hostileEvidence, ofEachKind } from '../kit/report-evidence.ts'

/** Runs a script with programs that only note how they were called. */
function ran(script: string, args: readonly string[], input = ''): { status: number | null; calls: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-fix-'))
  const log = path.join(folder, 'log')
  writeFileSync(log, '')
  for (const name of ['aws', 'ssh', 'kubectl'])
    writeFileSync(path.join(folder, name), `#!/bin/sh\necho "${name} $*" >> '${log}'\n`, { mode: 0o755 })
  writeFileSync(path.join(folder, 'fix.sh'), script)
  const env = { PATH: `${folder}:/usr/bin:/bin` }
  const { status } = spawnSync('sh', [path.join(folder, 'fix.sh'), ...args], { input, env, encoding: 'utf8' })
  const calls = readFileSync(log, 'utf8')
  rmSync(folder, { recursive: true })
  return { status, calls }
}

test('shellcheck finds nothing, whatever the recording and the names in it', async () => {
  const scripts = [reported(await hostileEvidence(), 'fix-script')]
  for (const name of ofEachKind) scripts.push(reported(await fixture(name), 'fix-script'))
  for (const input of scripts) {
    const { status, stdout, error } = spawnSync('shellcheck', ['-'], { input, encoding: 'utf8' })
    if (error !== undefined) throw error
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  }
})

test('with --yes the causes are mended in the packet’s order; asked and refused, nothing runs', async () => {
  const script = reported(await fixture('hard-way-four-faults'), 'fix-script')
  const { status, calls } = ran(script, ['--yes'])
  expect(status).toBe(0)
  const order = ['aws ec2 assign-private-ip-addresses', 'aws ec2 authorize-security-group-ingress', 'kube-proxy']
  const places = order.map((part) => calls.indexOf(part))
  expect(places).not.toContain(-1)
  expect(places).toEqual([...places].sort((one, other) => one - other))
  expect(ran(script, [], 'n\nn\nn\nn\n')).toEqual({ status: 0, calls: '' })
  expect(ran(script, [], 'y\n').calls).toMatch(/^aws ec2 assign-private-ip-addresses [^\n]*\n$/)
  expect(ran(script, ['--no'])).toEqual({ status: 2, calls: '' })
})
