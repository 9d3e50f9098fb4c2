import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Frame } from '../../src/capture/frame.ts'
import { linkTypes } from '../../src/capture/link-types.ts'
import { mayBeNeighbour } from '../../src/capture/link.ts'
import { isOdd, neighbourMessage } from '../../src/capture/neighbour-message.ts'
import { interfaceBlock, packetBlock, sectionHeader } from '../../src/capture/pcapng-writer.ts'
import { fileSource } from '../../src/capture/sources/file.ts'
import { testNeeding } from '../kit/needing.ts'
import { capturePath, framesIn } from './captures.ts'

const names = readdirSync(path.dirname(capturePath('x')))
  .filter((name) => name.endsWith('.pcap'))
  .map((name) => name.replace(/\.pcap$/, ''))
const everything = () => true
const bytesOf = (name: string) => readFileSync(capturePath(name))

/** A file with the frames of another, as this program writes it. */
function written(frames: readonly Frame[]): Buffer {
  return Buffer.concat([sectionHeader(), interfaceBlock(1), ...frames.map((frame) => packetBlock(frame, 0))])
}

/** The same pcap with every number of its headers in the other byte order. */
function swapped(pcap: Buffer): Buffer {
  const copy = Buffer.from(pcap)
  copy.subarray(0, 4).swap32()
  copy.subarray(4, 8).swap16()
  copy.subarray(8, 24).swap32()
  for (let at = 24; at + 16 <= copy.length;) {
    const captured = copy.readUInt32LE(at + 8)
    copy.subarray(at, at + 16).swap32()
    at += 16 + captured
  }
  return copy
}

const inTemp = <T>(use: (folder: string) => T): T => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const withTshark = testNeeding('tshark')

describe.each(names)('%s', (name) => {
  withTshark('has as many ARP frames and of the kinds that tshark counts', () => {
    const fields = ['arp.opcode', 'arp.isgratuitous', 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4']
    const printed = execFileSync(
      'tshark',
      ['-r', capturePath(name), '-Y', 'arp', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )
    const theirs = printed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [operation, gratuitous, sender, target] = line.split('\t')
        const isGratuitous = /^(1|true)$/i.test(gratuitous ?? '')
        return [operation === '1' ? 'request' : 'reply', isGratuitous, operation === '1' ? target : sender].join(' ')
      })
    const ours = framesIn(bytesOf(name)).frames.flatMap((frame) => {
      const message = neighbourMessage(frame)
      if (message === null || isOdd(message) || /solicitation|advertisement/.test(message.kind)) return []
      const { kind, about } = message
      return [
        [kind.includes('reply') ? 'reply' : 'request', /gratuitous|announcement/.test(kind), about.text].join(' '),
      ]
    })
    expect(ours).toEqual(theirs)
  })

  test('is the same in either byte order, as pcapng, and gzipped', async () => {
    const pcap = bytesOf(name)
    const { frames, left, problem } = framesIn(pcap, everything)
    expect([left, problem]).toEqual([0, null])
    expect(framesIn(swapped(pcap), everything).frames).toEqual(frames)
    expect(framesIn(written(frames), everything).frames).toEqual(frames)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-'))
    try {
      const file = path.join(folder, 'capture.gz')
      writeFileSync(file, gzipSync(pcap))
      const unzipped: Frame[] = []
      const source = fileSource(file)
      const end = await source.read(everything, (frame) => unzipped.push(frame), new AbortController().signal)
      expect(end).toEqual({ cut: null, dropped: null, frames: new Map([[1, frames.length]]) })
      expect(unzipped).toEqual(frames)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  withTshark('is read back by tcpdump and tshark from what this program writes', () => {
    const { frames } = framesIn(bytesOf(name), everything)
    inTemp((folder) => {
      const file = path.join(folder, 'out.pcapng')
      writeFileSync(file, written(frames))
      const print = (program: string, args: readonly string[], from: string) =>
        execFileSync(program, [...args, '-r', from], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      for (const [program, args] of [
        ['tcpdump', ['-n', '-e', '-tttt', '--nano']],
        // A file with nanoseconds has more digits: the times are told by tcpdump.
        ['tshark', ['-t', 'dd', '-o', 'gui.column.format:"No","%m","From","%uhs","Info","%i"']],
      ] as const)
        expect(print(program, args, file)).toBe(print(program, args, capturePath(name)))
    })
  })

  test('cut anywhere, gives the frames before the cut and is known to be cut', () => {
    const pcap = bytesOf(name)
    const whole = framesIn(pcap, everything).frames
    fc.assert(
      fc.property(fc.integer({ min: 4, max: pcap.length }), (length) => {
        const { frames, left, problem } = framesIn(pcap.subarray(0, length), everything)
        expect(problem).toBeNull()
        expect(frames).toEqual(whole.slice(0, frames.length))
        const used = frames.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24)
        if (length >= 24) expect(left).toBe(length - used)
      }),
      { numRuns: 30 },
    )
  })
})

test('a length that no frame has ends the reading with a sentence, not with memory', () => {
  const pcap = Buffer.from(bytesOf('kube-vip-client'))
  pcap.writeUInt32LE(0xfffffff0, 24 + 8)
  expect(framesIn(pcap)).toMatchObject({
    frames: [],
    problem: 'frame 1, at byte 24, says that it is 4294967280 bytes long',
  })
})

test('random bytes behind any beginning are read without a throw, a hang or a frame from beyond the end', () => {
  const starts = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x0a, 0x0d, 0x0d, 0x0a],
  ]
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 400 }), (start, rest) => {
      const bytes = Uint8Array.from([...start, ...rest])
      const { frames } = framesIn(bytes, everything)
      for (const frame of frames) neighbourMessage(frame)
      expect(frames.reduce((sum, frame) => sum + frame.bytes.length, 0)).toBeLessThanOrEqual(bytes.length)
    }),
    { numRuns: 500 },
  )
})

test('any bytes on any link are decoded to a message, a sentence or nothing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(linkTypes), 242),
      fc.uint8Array({ maxLength: 100 }),
      (linkType, bytes) => {
        mayBeNeighbour(bytes, 0, bytes.length, linkType)
        const message = neighbourMessage({ timeNs: 0n, linkType, bytes, originalLength: bytes.length })
        expect(message === null || isOdd(message) || message.mac.length === 17).toBe(true)
      },
    ),
    { numRuns: 1000 },
  )
})
