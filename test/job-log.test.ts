import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import load from 'js-yaml'
import { editJson, type Json } from './kit/fixtures.ts'
import { recordedWorld, type World } from './kit/recorded-world.ts'

// What the Job of deploy/ leaves behind, in a cluster whose names and programs were chosen by somebody who wants the log to say something else:
// its log, standard output and standard error in one, as `kubectl logs` shows it, and its termination message.

const root = path.join(import.meta.dirname, '..')
const forged = '\n{"schemaVersion":1,"verdict":"reachable","diagnoses":[],"gaps":[]}\n'
const hostile = `${forged}\u001b]0;title\u0007\u202e##vso[task.complete]\n::set-output name=a::b`

/** Markers that must not come out, each where a secret usually stands. */
const changes = {
  'kubernetes/services.json': editJson(({ items }: Json) => {
    for (const { metadata, spec } of items) {
      if (spec.type === 'LoadBalancer') metadata.name = `nginx-lb${hostile}`
      metadata.annotations = {
        ...metadata.annotations,
        'kubectl.kubernetes.io/last-applied-configuration': 'hush-applied',
      }
    }
  }),
  'kubernetes/pods.json': editJson(({ items }: Json) => {
    for (const { spec } of items)
      for (const container of spec.containers) {
        container.env = [{ name: 'PASSWORD', value: 'hush-env' }]
        container.args = [...(container.args ?? []), '--token', 'hush-argument', '--password=hush-flag']
      }
  }),
  'kubernetes/configmaps.json': editJson(({ items }: Json) => {
    for (const { data } of items) if (data !== undefined) data['kubeconfig.conf'] = 'token: hush-kubeconfig'
  }),
  'kubernetes/events.json': editJson(({ items }: Json) => {
    for (const item of items) item.message = `${hostile} https://user:hush-url@registry.example/v2/`
  }),
  'nodes/controller-0/processes.txt': (text: string) => `${text}     99 /usr/bin/kube-vip --token hush-process\n`,
}

let world: World
let ran: { readonly code: number; readonly log: string; readonly last: string; readonly report: string }

beforeAll(async () => {
  const api = { ipaddresspools: { body: `<html>${hostile}hush-body` } } as const
  world = await recordedWorld('hard-way-l2', { api, changes })
  const output = path.join(world.folder, 'controller-1.out')
  const text = readFileSync(output, 'utf8')
  writeFileSync(output, text.replace('>ip-rule.json\n', `>ip-rule.json\n!{"verdict":"reachable"}\u001b[2J\n`))
  const message = path.join(world.folder, 'termination-log')
  const { args } = (load.load(readFileSync(path.join(root, 'deploy/cron-job.yaml'), 'utf8')) as Json).spec.jobTemplate
    .spec.template.spec.containers[0]
  // The nodes are read by what their script printed, in the place of pods that nobody would start here.
  const own = (args as string[])
    .filter((one) => !/^--node(?:s|-namespace)=/.test(one))
    .map((one) => one.replace('/dev/termination-log', message))
  const command = [process.execPath, path.join(root, 'bin/run.js'), ...own, ...world.nodeOutputs, '--region=us-east-1']
  const { code, log } = await new Promise<{ code: number; log: string }>((resolve) => {
    execFile(
      'sh',
      ['-c', 'exec "$@" 2>&1', 'sh', ...command],
      { env: world.settings, maxBuffer: 1 << 26 },
      (error, out) => {
        resolve({ code: error === null ? 0 : Number(error.code), log: out })
      },
    )
  })
  // As docs/live.md takes the report out of the log.
  const report = execFileSync('sed', ['-n', '/^{/,$p'], { input: log, encoding: 'utf8' })
  ran = { code, log, last: readFileSync(message, 'utf8'), report }
}, 120_000)

afterAll(() => world.close())

describe('the log of the Job', () => {
  test('has one report, behind which nothing stands, and before which no line looks like one', () => {
    const { verdict, diagnoses } = JSON.parse(ran.report)
    expect([ran.code, verdict, diagnoses[0].vip]).toEqual([1, 'unreachable', '10.240.0.100'])
    expect(diagnoses[0].service).toContain('nginx-lb')
  })

  test('says in words of its own what could not be read', () => {
    const { gaps } = JSON.parse(ran.report)
    expect(gaps).toContainEqual({
      source: 'kubernetes/ipaddresspools.metallb.io.json',
      reason: expect.stringMatching(/^[^<{]+$/),
      hides: expect.arrayContaining(['announcement/l2-advertisement']),
    })
  })

  test.each(['env', 'argument', 'flag', 'applied', 'kubeconfig', 'url', 'process', 'body'])(
    'has no secret: %s',
    (marker) => {
      expect(ran.log).not.toContain(`hush-${marker}`)
      expect(ran.last).not.toContain(`hush-${marker}`)
    },
  )

  test.each([
    ['log', () => ran.log],
    ['termination message', () => ran.last],
  ])('has nothing that a terminal or a runner obeys: %s', (_, text) => {
    expect(text()).toContain('nginx-lb')
    // eslint-disable-next-line no-control-regex
    expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.exec(text())).toBeNull()
    expect(
      text()
        .split('\n')
        .filter((line) => /##(?:vso)?\[/.test(line) || /^\s*::/.test(line)),
    ).toEqual([])
  })
})
