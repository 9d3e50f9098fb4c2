import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { interfaceBlock, packetBlock, sectionHeader } from '../../../src/capture/pcapng-writer.ts'
import { capturePath, framesIn, snapped } from '../../capture/captures.ts'
import { fixturePath } from '../../kit/fixtures.ts'

const bin = path.join(import.meta.dirname, '../../../bin/run.js')
const vipdoctor = (args: readonly string[], input?: Buffer) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'capture', ...args], { encoding: 'utf8', input })
  return { code: status, stdout, stderr }
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-capture-'))
  writeFileSync(path.join(folder, 'text.pcap'), 'no capture at all\n')
  const whole = readFileSync(capturePath('stranger-client'))
  writeFileSync(path.join(folder, 'cut.pcap'), whole.subarray(0, whole.length - 10))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each([
  [['arp', '--vip', '10.240.0.100', '--read', 'no-such.pcap'], /^vipdoctor: There is no capture no-such\.pcap\.\n$/],
  [
    ['arp', '--vip', '10.240.0.100', '--read', 'TEXT'],
    /^vipdoctor: \S+ is no capture\.\nA capture is a pcap or pcapng file/,
  ],
  [['arp', '--vip', '10.240.0.100', '--read', '/'], /^vipdoctor: \/ is a folder, not a capture\.\n$/],
  [['arp', '--vip', '10.240.0.300', '--read', 'TEXT'], /^vipdoctor: "10\.240\.0\.300" is no address\./],
  [['arp', '--vip', 'fd00::1', '--read', 'TEXT'], /^vipdoctor: fd00::1 is an IPv6 address\.\nIts neighbours speak NDP/],
  [['arp', '--read', 'TEXT'], /^vipdoctor: Missing required flag vip\.\n/],
  [['arp', '--vip', '10.240.0.100', '--interface', 'nope0'], /^vipdoctor: There is no interface nope0\.\n/],
  [
    ['arp', '--vip', '10.240.0.100', '--read', 'TEXT', '--seen-from', 'roof'],
    /^vipdoctor: "roof" is no place to capture\./,
  ],
  [['bgp', '--peer', 'router', '--read', 'TEXT'], /^vipdoctor: "router" is no address\./],
] as const)('%j ends with one sentence and code 2', (args, message) => {
  const { code, stdout, stderr } = vipdoctor(args.map((arg) => (arg === 'TEXT' ? path.join(folder, 'text.pcap') : arg)))
  expect(stderr).toMatch(message)
  expect([code, stdout]).toEqual([2, ''])
})

test('a capture that is cut in a frame says so, and what was seen stands', () => {
  const { code, stdout } = vipdoctor([
    'arp',
    '--vip',
    '10.240.0.100',
    '--fabric',
    'lan',
    '--read',
    path.join(folder, 'cut.pcap'),
  ])
  expect(stdout).toMatch(/is claimed by several at the same time/)
  expect(stdout).toMatch(/\nCut: it ends in the middle of a frame; everything before that was read\.\n/)
  expect(code).toBe(1)
})

test('frames that cannot say anything are named, and their link type', () => {
  const raw = Buffer.from(readFileSync(capturePath('bgp-refused')))
  raw.writeUInt32LE(101, 20)
  const arp = vipdoctor(['arp', '--vip', '10.240.0.100', '--read', '-'], raw)
  expect(arp.stdout).toMatch(
    /\nNot read: \d+ frames of link type 101 \(raw IP\), which carries IP alone: no ARP\s+and no NDP\.\n/,
  )
  const other = Buffer.from(raw)
  other.writeUInt32LE(200, 20)
  const bgp = vipdoctor(['bgp', '--peer', '10.240.0.50', '--output', 'json', '--read', '-'], other)
  expect(JSON.parse(bgp.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    verdict: 'open',
    unread: [{ linkType: 200, name: 'Juniper', frames: expect.any(Number), why: 'not-known' }],
  })
  expect([arp.code, bgp.code]).toEqual([3, 3])
})

test('frames that are cut are said to be, and nothing follows from what is missing', () => {
  const whole = framesIn(readFileSync(capturePath('bgp-established')), () => true).frames
  const file = path.join(folder, 'short.pcapng')
  writeFileSync(
    file,
    Buffer.concat([sectionHeader(), interfaceBlock(1), ...snapped(whole, 60).map((frame) => packetBlock(frame, 0))]),
  )
  const { code, stdout } = vipdoctor(['bgp', '--peer', '10.240.0.50', '--vip', '10.240.0.100', '--read', file])
  expect(stdout).toMatch(/whether it was\s+established is not known: the capture lacks 259 bytes of 10\.240\.0\.20/)
  expect(stdout).toMatch(/\nCut: of 13 frames of TCP no more than 60 bytes are in the capture/)
  expect(code).toBe(3)
})

test('a pipe is read like a file', () => {
  const args = ['arp', '--vip', '10.240.0.5', '--fabric', 'lan', '--read']
  const file = vipdoctor([...args, capturePath('kube-vip-client')])
  expect(vipdoctor([...args, '-'], readFileSync(capturePath('kube-vip-client')))).toEqual(file)
  expect(file.code).toBe(0)
})

test('with a bundle MACs are nodes and the account says who owns the VIP', () => {
  const args = [
    'arp',
    '--vip',
    '10.240.0.100',
    '--bundle',
    fixturePath('captured-vpc-unowned'),
    '--read',
    capturePath('vpc-unowned-speaker-node'),
    '--seen-from',
    'node/controller-0',
  ]
  const { code, stdout } = vipdoctor(args)
  expect(stdout).toMatch(
    /announced by controller-0 \(eth0, 02:00:00:fd:33:0b\), which|announced by controller-0 \(eth0,/,
  )
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/no network interface of the account holds it/)
  expect(code).toBe(1)
})

test('JSON is one object a line, the conclusion last', () => {
  const { stdout, code } = vipdoctor([
    'bgp',
    '--peer',
    '10.240.0.50',
    '--vip',
    '10.240.0.100',
    '--output',
    'json',
    '--read',
    capturePath('bgp-established'),
  ])
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.slice(0, -1).every(({ type }) => type === 'event')).toBe(true)
  expect(lines.at(-1)).toMatchObject({ type: 'conclusion', schemaVersion: 1, verdict: 'fine', peer: '10.240.0.50' })
  expect(code).toBe(0)
})
