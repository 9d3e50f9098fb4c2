import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseListen, takes } from '../../../src/evidence/node/listen.ts'

test.each([
  [
    'tcp LISTEN 0      4096             *:6443        *:* users:(("kube-apiserver",pid=11637,fd=3))  ',
    { protocol: 'tcp', address: null, port: 6443, program: 'kube-apiserver' },
  ],
  [
    'udp UNCONN 0      0      10.240.0.21:7946  0.0.0.0:* users:(("metallb-speaker",pid=5649,fd=8)) ',
    { protocol: 'udp', address: '10.240.0.21', port: 7946, program: 'metallb-speaker' },
  ],
  ['LISTEN 0 128 [::1]:22 [::]:*', { protocol: 'tcp', address: '::1', port: 22, program: null }],
  ['tcp LISTEN 0 128 127.0.0.53%lo:53 0.0.0.0:*', { protocol: 'tcp', address: '127.0.0.53', port: 53 }],
])('reads %s', (line, listener) => {
  expect(parseListen('ss-listen.txt', `Netid State Recv-Q\n${line}\n`)).toMatchObject({
    listeners: [{ ...listener, line: 2 }],
    misread: [],
  })
})

test('a line of another kind is named, and the rest is kept', () => {
  const read = parseListen('ss-listen.txt', 'bash: ss: command not found\nLISTEN 0 1 0.0.0.0:80 0.0.0.0:*\n')
  expect([read.misread, read.listeners.length]).toEqual([[1], 1])
})

test.each([
  ['0.0.0.0', '10.0.0.1', true],
  ['::', 'fd00::1', true],
  ['0.0.0.0', 'fd00::1', false],
  ['10.0.0.2', '10.0.0.1', false],
  [null, '10.0.0.1', true],
])('a socket on %s takes %s: %s', (address, destination, expected) => {
  expect(takes({ protocol: 'tcp', address, port: 80, program: null, line: 1 }, destination)).toBe(expected)
})

test('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => parseListen('x', text).listeners.length >= 0))
})
