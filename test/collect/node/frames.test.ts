import fc from 'fast-check'
import { describe, expect, test } from '@jest/globals'
import { nodeScriptFiles, parseNodeOutput } from '../../../src/collect/node/frames.ts'

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
const textOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString())
const framed = (...frames: string[]) => bytesOf(['vipdoctor-node 1', ...frames, 'vipdoctor-node end', ''].join('\n'))

describe('a file of a node', () => {
  test.each([
    ['with a newline at its end', '>ip-addr.json\n|[]\n|\n<0', '[]\n'],
    ['without one', '>proxy-mode.txt\n|iptables\n<0', 'iptables'],
    ['that is empty', '>iptables-nft-save.txt\n|\n<0', ''],
    ['whose lines look like frames', '>versions.txt\n|>x\n|<0\n||\n|\n<0', '>x\n<0\n|\n'],
  ])('%s is read byte for byte', (_, frame, expected) => {
    const { files } = parseNodeOutput(framed(frame))
    expect([...files.values()].map(textOf)).toEqual([expected])
  })

  test.each([
    ['timed out', '>nft-ruleset.json\n|{"nft\n<124', 'timed out on the node after 60 s'],
    [
      'was refused by sudo',
      '>nft-ruleset.json\n|\n!sudo: a password is required\n<1',
      'needs root, and sudo -n was refused (a password is required)',
    ],
    [
      'says why it failed',
      '>ip-addr.json\n|\n!Cannot open netlink socket: Operation not permitted.\n<1',
      'Cannot open netlink socket: Operation not permitted',
    ],
    ['says nothing', '>ip-addr.json\n|\n<2', 'the command on the node ended with status 2'],
    [
      'has other output in it',
      '>ip-addr.json\n|[\nBroadcast message from root\n|]\n<0',
      'its output is mixed with other output',
    ],
    ['is not installed', '?nft-ruleset.json nft is not installed', 'nft is not installed'],
  ])('that %s is a gap, and the file behind it is read', (_, frame, reason) => {
    const { files, gaps } = parseNodeOutput(framed(frame, '>sysctl.txt\n|a = 1\n|\n<0'))
    expect([...gaps.values()]).toEqual([reason])
    expect(textOf(files.get('sysctl.txt'))).toBe('a = 1\n')
  })

  test('that the node does not have is neither a file nor a gap', () => {
    const { files, gaps } = parseNodeOutput(framed('-iptables-legacy-save.txt the kernel has no legacy tables'))
    expect(files.size + gaps.size).toBe(0)
  })
})

test('a banner before the script is left out', () => {
  const { files, complete } = parseNodeOutput(
    bytesOf(`Welcome!\n|x\n>y\n${Buffer.from(framed('>sysctl.txt\n|a = 1\n<0')).toString()}`),
  )
  expect(complete).toBe(true)
  expect([...files.keys()]).toEqual(['sysctl.txt'])
})

test('output that ends in the middle spoils that file, and names every file that did not come', () => {
  const whole = Buffer.from(
    framed('>processes.txt\n|1 init\n|\n<0', '>ip-addr.json\n|[{"a": 1},\n|{"b": 2}]\n<0'),
  ).toString()
  const cut = bytesOf(whole.slice(0, whole.indexOf('|{"b"')))
  const { files, gaps, complete } = parseNodeOutput(cut, 'Connection reset by peer')
  expect(complete).toBe(false)
  expect([...files.keys()]).toEqual(['processes.txt'])
  expect(gaps.get('ip-addr.json')).toBe('its output was cut off after 11 bytes: Connection reset by peer')
  expect(gaps.get('sysctl.txt')).toBe("the node's output ended before it: Connection reset by peer")
  expect(gaps.size + files.size).toBe(nodeScriptFiles.length)
})

test('a node that printed nothing is a gap for every file, with the reason', () => {
  const { gaps } = parseNodeOutput(new Uint8Array(), 'Connection refused')
  expect(new Set(gaps.values())).toEqual(new Set(['Connection refused']))
  expect([...gaps.keys()].sort()).toEqual([...nodeScriptFiles].sort())
})

test('no bytes and no truncation make it throw, or lose a file without saying so', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '>ip-addr.json',
      '|x',
      '<0',
      '<1',
      '!no',
      '-ipset-save.txt none',
      '?versions.txt no',
      'vipdoctor-node 1',
    ),
  )
  fc.assert(
    fc.property(fc.array(line), fc.uint8Array(), fc.nat(), (lines, noise, cut) => {
      const text = Buffer.concat([Buffer.from(['vipdoctor-node 1', ...lines].join('\n')), noise])
      const { files, gaps, complete } = parseNodeOutput(new Uint8Array(text.subarray(0, cut % (text.length + 1))))
      if (complete) return
      for (const name of nodeScriptFiles)
        if (!files.has(name) && !gaps.has(name)) expect(lines).toContainEqual(`-${name} none`)
    }),
  )
})
