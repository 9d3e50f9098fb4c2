import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readAcceptances } from '../../src/cli/accept-file.ts'
import { parseHops } from '../../src/cli/required-hops.ts'

const ids = ['delivery/vip-not-owned', 'return/rp-filter']
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-accept-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const at = (name: string): string => path.join(folder, name)

function read(text: string) {
  const file = path.join(folder, 'accept.yaml')
  writeFileSync(file, text)
  return readAcceptances(file, ids)
}
const entry = (more: string): string => `accept:\n  - id: delivery/vip-not-owned\n    reason: later\n${more}`

test('id, subject, reason and last day are read; subject and day may be left out', () => {
  expect(
    read(entry('    subject: vip/10.*\n    until: 2027-01-31\n  - {id: return/rp-filter, reason: " known "}\n')),
  ).toEqual([
    { id: 'delivery/vip-not-owned', subject: 'vip/10.*', reason: 'later', until: '2027-01-31' },
    { id: 'return/rp-filter', subject: '*', reason: 'known', until: null },
  ])
  expect(read('')).toEqual([])
})

/** Each line is ten times the one before. */
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
const bomb = names
  .slice(1)
  .map((name, index) => `${name}: &${name} [${`*${names[index] ?? ''}, `.repeat(10)}]`)
  .join('\n')

test.each([
  ['no YAML', 'accept: [', /is no YAML: .* at line \d+/],
  ['no map', '- a', /accept\.yaml is no map\./],
  ['no list', 'accept: yes', /accept is no list\./],
  ['another key', entry('    because: x\n'), /entry 1 has because, which is none of id, subject, reason, until\./],
  ['no such check', 'accept: [{id: vip-not-owned, reason: x}]', /entry 1: there is no check "vip-not-owned"\./],
  ['no id', 'accept: [{reason: x}]', /entry 1: it has no id\./],
  ['no reason', 'accept: [{id: return/rp-filter}]', /entry 1: it has no reason\./],
  ['no day', entry('    until: soon\n'), /entry 1: its until is no day\./],
  ['a bomb of aliases', `a: &a [${'x, '.repeat(99)}]\n${bomb}`, /is no YAML: its aliases make far more of it\./],
  ['a list within itself', 'accept: &a [*a]', /is no YAML: its aliases make far more of it\./],
  ['a hundred thousand brackets', '['.repeat(100_000), /is no YAML: /],
  [
    'a prototype',
    'accept: [{__proto__: {id: return/rp-filter, reason: x}}]',
    /entry 1 has __proto__, which is none of/,
  ],
  ['a prototype’s member for an id', 'accept: [{id: constructor, reason: x}]', /there is no check "constructor"\./],
  ['a list for a subject', 'accept: [{id: return/rp-filter, reason: x, subject: [a]}]', /its subject is no text\./],
  ['a number for a reason', 'accept: [{id: return/rp-filter, reason: 1}]', /it has no reason\./],
  ['a day beyond the calendar', entry('    until: 99999-01-01\n'), /its until is no day\./],
  ['a tag that makes a program', 'accept: !!js/function "() => 1"', /is no YAML: unknown tag/],
  ['a day that is none', entry('    until: "2027-02-31"\n'), /entry 1: its until is no day\./],
])('%s is refused with its place', (_, text, message) => {
  expect(() => read(text)).toThrow(message)
})

test('a file that was named and is not there is refused', () => {
  expect(() => readAcceptances('/nowhere.yaml', ids)).toThrow('--accept: there is no file /nowhere.yaml.')
})

test.each([
  ['a FIFO', () => execFileSync('mkfifo', [at('fifo')]), 'fifo', 'no regular file'],
  [
    'a device',
    () => {
      symlinkSync('/dev/zero', at('zero'))
    },
    'zero',
    'no regular file',
  ],
  [
    'a folder',
    () => {
      mkdirSync(at('folder'))
    },
    'folder',
    'a directory, not a file',
  ],
  [
    'two megabytes',
    () => {
      writeFileSync(at('large'), Buffer.alloc(2 << 20, '#'))
    },
    'large',
    'larger than 1 MiB',
  ],
])('%s is not waited for', (_, make, name, why) => {
  make()
  expect(() => readAcceptances(at(name), ids)).toThrow(`${at(name)} cannot be read: ${why}.`)
})

test('hops are named as in the report, and others refused', () => {
  expect(parseHops('delivery, wire')).toEqual(['delivery', 'wire'])
  expect(parseHops(undefined)).toEqual([])
  expect(() => parseHops('network')).toThrow('--require: there is no hop "network".')
})
