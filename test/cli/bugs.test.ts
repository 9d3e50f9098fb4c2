import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fixturePath } from '../kit/fixtures.ts'

const root = path.join(import.meta.dirname, '../..')
const bin = path.join(root, 'bin/run.js')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-bugs-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the program with a fault in it: what a function of node's own does the first time that the program calls it. */
function withFault(place: string, fault: string, args: readonly string[]) {
  const preload = path.join(folder, 'fault.mjs')
  writeFileSync(
    preload,
    `import { syncBuiltinESMExports } from 'node:module'
     import { EventEmitter } from 'node:events'
     import fs from 'node:fs'
     let planted = false
     const real = ${place}
     ${place} = function (...args) {
       if (planted || process.exitCode !== 4) return real.apply(this, args)
       planted = true
       ${fault}
       return real.apply(this, args)
     }
     syncBuiltinESMExports()`,
  )
  const { status, stderr } = spawnSync(process.execPath, ['--import', preload, bin, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    timeout: 180_000,
  })
  return { code: status, stderr }
}

/** Unreachable: only the verdict may end with 1. */
const check = ['check', '--bundle', fixturePath('hard-way-l2')]

const faults: readonly (readonly [string, string])[] = [
  ['an error', `throw new Error('planted')`],
  ['an error in a timer', `setTimeout(() => { throw new Error('planted') }, 0)`],
  ['an error in a microtask', `queueMicrotask(() => { throw new Error('planted') })`],
  ['a rejected promise', `Promise.reject(new Error('planted'))`],
  ['a promise that was rejected with nothing', `Promise.reject()`],
  [
    'a stream’s error that nobody listens to',
    `process.nextTick(() => new EventEmitter().emit('error', new Error('planted')))`,
  ],
  ['something thrown that is no error', `throw null`],
  ['no more stack', `(function deeper() { deeper() })()`],
  ['an escape in an error’s text', `throw new Error('planted \\u001b[2J')`],
]

describe('whatever goes wrong inside is a bug, with exit code 4 and a word on it', () => {
  test.each(faults)('%s', (_, fault) => {
    const { code, stderr } = withFault('fs.statSync', fault, check)
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringMatching(/^vipdoctor: this is a bug in vipdoctor/),
    })
    expect(stderr).not.toContain('\u001B')
  })

  test('a promise that never settles', () => {
    const { code, stderr } = withFault('fs.open', 'return', [
      'collect',
      '-o',
      path.join(folder, 'x.tar.gz'),
      '--redact',
    ])
    // Without a kubeconfig nothing is opened: this is the way of a user's mistake.
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('kubeconfig') })
    const stuck = withFault('fs.read', 'return', check)
    expect(stuck).toEqual({ code: 4, stderr: expect.stringContaining('it ended before it had an answer') })
  })

  test.each([
    ['trace', ['trace', '10.240.0.100:80', '--node', 'worker-0', '--bundle', fixturePath('hard-way-l2')]],
    [
      'capture arp',
      [
        'capture',
        'arp',
        '--vip',
        '10.240.0.100',
        '--read',
        path.join(root, 'fixtures/captures/x.pcap'),
        '--bundle',
        fixturePath('hard-way-l2'),
      ],
    ],
  ])('in %s, too', (_, args) => {
    expect(withFault('fs.statSync', `throw new Error('planted')`, args).code).toBe(4)
  })

  test('a file of the program that is not there', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--eval',
        readFileSync(bin, 'utf8').replace('#!/usr/bin/env node', '').replace("'dist/bundle'", "'nowhere'"),
        'check',
      ],
      { encoding: 'utf8' },
    )
    expect({ status, stderr }).toEqual({
      status: 4,
      stderr: expect.stringMatching(/^vipdoctor: this installation does not work/),
    })
  })
})

test('without a fault the verdict ends with its code', () => {
  expect(withFault('fs.statSync', '', check)).toEqual({ code: 1, stderr: '' })
})

test('a full disk behind standard output is the user’s to mend', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `exec "$0" "$@" >/dev/full`, process.execPath, bin, ...check], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^vipdoctor: Standard output cannot be written: .*no space/),
  })
})

/** Where a program speaks and how it ends is decided in one place each: there every text is made safe, every error told from a finding. */
test.each([
  // What opens libpcap is a program of its own, whose frames and end its source reads.
  ['an exit code', /process\.(?:exit\b|exitCode)/, ['capture/sources/libpcap-program.ts', 'cli/exit.ts']],
  [
    'standard output',
    /process\.stdout\.(?:write|on)|console\./,
    ['capture/sources/libpcap-program.ts', 'cli/terminal.ts'],
  ],
  ['standard error', /process\.stderr\./, ['cli/exit.ts']],
])('%s: no other file', (_, pattern, places) => {
  const files = readdirSync(path.join(root, 'src'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
  const found = files.filter((name) => pattern.test(readFileSync(path.join(root, 'src', name), 'utf8')))
  expect(found.sort()).toEqual(places)
})
