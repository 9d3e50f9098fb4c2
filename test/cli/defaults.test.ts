import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { fixturePath } from '../kit/fixtures.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')
const bundle = ['--bundle', fixturePath('hard-way-l2')]

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-defaults-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the program where `file` lies as .vipdoctor.yaml. */
function vipdoctor(args: readonly string[], env: Record<string, string> = {}, file: string | null = null) {
  if (file !== null) writeFileSync(path.join(folder, '.vipdoctor.yaml'), file)
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

const client = (report: { stdout: string }): unknown => JSON.parse(report.stdout).diagnoses[0].client
const json = ['check', ...bundle, '--output', 'json']

describe('the default of a flag', () => {
  test('is what the file says', () => {
    expect(client(vipdoctor(json, {}, 'defaults: {client: 10.240.0.50}'))).toBe('10.240.0.50')
  })

  test('is rather what the environment says, and rather still what is typed', () => {
    const env = { VIPDOCTOR_CLIENT: '10.240.0.51' }
    const file = 'defaults: {client: 10.240.0.50}'
    expect(client(vipdoctor(json, env, file))).toBe('10.240.0.51')
    expect(client(vipdoctor([...json, '--client', '10.240.0.52'], env, file))).toBe('10.240.0.52')
    expect(client(vipdoctor([...json, '--client=10.240.0.52'], env, file))).toBe('10.240.0.52')
  })

  test('is left aside where a short flag is typed', () => {
    const { stdout } = vipdoctor(['check', ...bundle, '-o', 'markdown'], { VIPDOCTOR_OUTPUT: 'json' })
    expect(stdout).toMatch(/^## /)
  })

  test('of a flag without a value is true or false', () => {
    expect(vipdoctor(['check', ...bundle], { VIPDOCTOR_VERBOSE: 'true' }).stdout).toBe(
      vipdoctor(['check', ...bundle, '--verbose']).stdout,
    )
    expect(vipdoctor(['check', ...bundle], {}, 'defaults: {verbose: false}')).toEqual(vipdoctor(['check', ...bundle]))
  })

  test('that says how a cluster is read does not disturb a bundle', () => {
    const file = 'defaults: {nodes: ssh, ssh-user: admin, context: production}'
    expect(vipdoctor(['check', ...bundle], {}, file)).toEqual(vipdoctor(['check', ...bundle]))
  })

  test('names the bundle, too', () => {
    expect(
      client(vipdoctor(['check', '-o', 'json'], { VIPDOCTOR_BUNDLE: bundle[1] ?? '', VIPDOCTOR_NODES: 'ssh' })),
    ).toBe('vpc')
  })

  test('stays away from commands that do not judge, and from the place of a bundle', () => {
    expect(vipdoctor(['policy', '--kubernetes'], { VIPDOCTOR_NODES: 'pod' })).toEqual(
      vipdoctor(['policy', '--kubernetes']),
    )
    expect(vipdoctor(['collect'], { VIPDOCTOR_OUTPUT: 'json' }).stderr).toMatch(/Where the bundle goes is not said\./)
  })

  test('goes to the commands that take its value', () => {
    const trace = ['trace', '10.240.0.100:80', '--node', 'worker-0', ...bundle]
    expect(vipdoctor(trace, { VIPDOCTOR_OUTPUT: 'markdown' })).toEqual(vipdoctor(trace))
  })
})

test.each([
  [
    'a flag that is none',
    {},
    'defaults: {clent: x}',
    '.vipdoctor.yaml: defaults, clent: there is no such flag.\nDid you mean client?',
  ],
  ['a list for a map', {}, 'defaults: [client]', '.vipdoctor.yaml: defaults is no map.\nFor example:'],
  [
    'a map for a value',
    {},
    'defaults: {client: {a: b}}',
    '.vipdoctor.yaml: defaults, client is no text, number, true or false.',
  ],
  ['no YAML', {}, 'defaults: {', '.vipdoctor.yaml is no YAML:'],
  [
    'a value that no command takes',
    { VIPDOCTOR_OUTPUT: 'xml' },
    null,
    'VIPDOCTOR_OUTPUT is "xml", which is none of short, text, json',
  ],
  [
    'a number that is none',
    { VIPDOCTOR_TIMEOUT: 'soon' },
    null,
    'VIPDOCTOR_TIMEOUT is "soon", which is no whole number.',
  ],
  [
    'neither true nor false',
    { VIPDOCTOR_VERBOSE: 'maybe' },
    null,
    'VIPDOCTOR_VERBOSE is "maybe", which is neither true nor false.',
  ],
  [
    'a file that would run programs',
    {},
    'defaults: {ssh-option: ProxyCommand=id}',
    '.vipdoctor.yaml: defaults, ssh-option may not stand in a file',
  ],
  [
    'a file that would make pods',
    {},
    'defaults: {nodes: pod}',
    '.vipdoctor.yaml: defaults, nodes may not stand in a file',
  ],
  [
    'a file that names credentials',
    {},
    'defaults: {kubeconfig: /tmp/x}',
    '.vipdoctor.yaml: defaults, kubeconfig may not stand in a file',
  ],
] as const)('%s is refused, with its place', (_, env, file, message) => {
  const { code, stdout, stderr } = vipdoctor(['check', ...bundle], env, file)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(`vipdoctor: ${message}`)
})
