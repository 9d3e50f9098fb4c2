// A capture read for the ARP in it, beside tcpdump, which only copies it, and tshark, which takes every frame apart. tshark gets a smaller
// file: a gigabyte would take it minutes, and both it and we are linear.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from './folder.js'
import { writeCapture } from './inputs/capture.js'
import { byTurns } from './measure.js'

const bin = new URL('../bin/run.js', import.meta.url).pathname

export function* run() {
  const file = path.join(temporaryFolder(), 'capture.pcap')
  const ours = [process.execPath, bin, 'capture', 'arp', '--vip', '10.240.0.100', '--fabric', 'lan', '--read', file]
  for (const [megabytes, peer] of [
    [1000, ['tcpdump', '-r', file, '-w', '/dev/null', 'arp']],
    [100, ['tcpdump', '-r', file, '-w', '/dev/null', 'arp']],
    [100, ['tshark', '-r', file, '-Y', 'arp']],
  ]) {
    const { frames, arps } = writeCapture(file, megabytes * 1e6)
    const [one, other] = byTurns([{ command: ours }, { command: peer }], 5)
    yield {
      case: `${megabytes} MB, beside ${peer[0]}`,
      ...one,
      peer: peer.join(' ').replace(file, 'FILE'),
      peerSeconds: other.seconds,
      ratio: other.seconds / one.seconds,
      aim: { ratio: [1, Infinity] },
      size: `${frames.toLocaleString('en')} frames, ${arps.toLocaleString('en')} of them ARP`,
    }
  }
  rmSync(file)
}
