import { bgpVerdict, concludeBgp } from '../../capture/bgp/conclude.ts'
import { bgpObserver, type BgpEvent } from '../../capture/bgp/observe.ts'
import { decodeSegment, mayBeTcp } from '../../capture/tcp.ts'
import { bgpJson, bgpText, eventJson, eventText } from '../../report/bgp.ts'
import { lookOf, print } from '../terminal.ts'
import type { FrameFlags } from './flags.ts'
import { addressOfFlag, codeOf, watchFrames } from './frames.ts'

/** What the flags of `capture bgp` say. */
export interface BgpFlags extends FrameFlags {
  readonly peer: string
  readonly vip: string | undefined
}

const filter = 'tcp port 179'
/** Whole segments, also those that the interface has put together. */
const snapLength = 65535

/** Watches the BGP sessions with one peer and says what came of them. Returns the exit code. */
export async function captureBgp(flags: BgpFlags): Promise<0 | 1 | 3> {
  const peer = addressOfFlag('peer', flags.peer)
  const vip = flags.vip === undefined ? null : addressOfFlag('vip', flags.vip)
  const look = lookOf(flags)
  const { see, sessions } = bgpObserver(peer)
  let startNs: bigint | null = null
  let lines = 0
  const cut = { frames: 0, bytes: 0 }

  function show(event: BgpEvent): void {
    startNs ??= event.timeNs
    lines += 1
    print(`${flags.output === 'json' ? eventJson(event) : eventText(event, startNs, look)}\n`)
  }

  const end = await watchFrames(flags, {
    wanted: mayBeTcp,
    filter,
    snapLength,
    towards: peer,
    take: (frame) => {
      const segment = decodeSegment(frame)
      if (segment === 'cut' || (segment !== null && segment.missing > 0)) {
        cut.frames += 1
        cut.bytes = Math.max(cut.bytes, frame.bytes.length)
      }
      if (segment === null || segment === 'cut') return false
      for (const event of see(segment)) show(event)
      return flags.count !== undefined && lines >= flags.count
    },
  })
  const seen = sessions()
  const conclusions = concludeBgp(seen, peer, vip)
  print(
    flags.output === 'json'
      ? `${bgpJson(seen, conclusions, peer.text, { ...end, tooShort: cut })}\n`
      : `${lines === 0 ? '' : '\n'}${bgpText(seen, conclusions, peer.text, { ...end, tooShort: cut }, look)}`,
  )
  return codeOf[bgpVerdict(conclusions)]
}
