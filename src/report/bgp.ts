import { bgpVerdict, type BgpConclusion } from '../capture/bgp/conclude.ts'
import { notificationText } from '../capture/bgp/messages.ts'
import type { BgpEvent, Session } from '../capture/bgp/observe.ts'
import { unreadOf } from '../capture/link-types.ts'
import type { SourceEnd } from '../capture/source.ts'
import { counted } from '../net/words.ts'
import { paintVerdict, seconds, since, whatIsMissing } from './capture.ts'
import type { Look } from './paint.ts'
import { jsonText, shown } from './shown.ts'
import { wrap } from './wrap.ts'
import { schemaVersion } from './schema-version.ts'

/** One line for what passed between a speaker and the peer. */
export function eventText({ timeNs, from, to, what }: BgpEvent, startNs: bigint, look: Look): string {
  const kind = what.type === 'syn' ? 'connect' : what.type
  const line = `${since(timeNs, startNs).padStart(9)} s  ${look.paint.bold(kind.padEnd(12))}  ${from.text} → ${to.text}`
  return `${line}  ${detailOf(what)}`.trimEnd()
}

function detailOf(what: BgpEvent['what']): string {
  switch (what.type) {
    case 'open':
      return `AS ${String(what.as)}, hold time ${String(what.holdSeconds)} s`
    case 'update':
      return [
        ...what.announced.map((prefix) => `announces ${prefix}`),
        ...what.withdrawn.map((prefix) => `withdraws ${prefix}`),
      ].join(', ')
    case 'notification':
      return notificationText(what.code, what.subcode)
    case 'other':
      return `type ${String(what.number)}`
    default:
      return ''
  }
}

/** How the frames ended, and how many of TCP the capture did not keep to their end: at most `bytes` of each. */
interface BgpEnd extends SourceEnd {
  readonly tooShort: { readonly frames: number; readonly bytes: number }
}

/** What the sessions come to, one paragraph a host. */
export function bgpText(
  sessions: readonly Session[],
  conclusions: readonly BgpConclusion[],
  peer: string,
  end: BgpEnd,
  look: Look,
): string {
  const sections = [
    conclusions.length === 0
      ? wrap(
          `Nothing of BGP with ${peer} was seen, so nothing can be concluded. A session keeps alive every 30 s by default: listen longer, or on a host that its packets pass.`,
          look.width,
          '  ',
          '',
        )
      : [`${counted(sessions.length, 'connection')} to port 179:`],
    ...shown(conclusions).map(({ says, verdict }) => {
      const [first = '', ...rest] = wrap(says, look.width, '  ', '')
      return [paintVerdict(verdict, first, look), ...rest]
    }),
    ...(end.tooShort.frames === 0 ? [] : [wrap(tooShortText(end.tooShort), look.width, '  ', '')]),
    ...whatIsMissing(end, 'tcp', look),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

const tooShortText = ({ frames, bytes }: BgpEnd['tooShort']): string =>
  `Cut: of ${counted(frames, 'frame')} of TCP no more than ${String(bytes)} bytes are in the capture, and nothing is concluded from what is missing; capture with tcpdump -s 0.`

/** One JSON object for what passed. */
export const eventJson = ({ timeNs, from, to, what }: BgpEvent): string =>
  jsonText(JSON.stringify({ time: seconds(timeNs), from: from.text, to: to.text, message: what, type: 'event' }))

/** The last JSON object. */
export function bgpJson(
  sessions: readonly Session[],
  conclusions: readonly BgpConclusion[],
  peer: string,
  end: BgpEnd,
): string {
  return jsonText(
    JSON.stringify({
      type: 'conclusion',
      schemaVersion,
      peer,
      verdict: bgpVerdict(conclusions),
      conclusions: conclusions.map(({ host, ...rest }) => ({ host: host.text, ...rest })),
      sessions: sessions.slice(-sessionsKept).map(({ from, to, startNs, notification, ...rest }) => ({
        from: from.text,
        to: to.text,
        start: seconds(startNs),
        ...rest,
        notification: notification === null ? null : { ...notification, by: notification.by.text },
      })),
      sessionCount: sessions.length,
      tooShort: end.tooShort,
      cut: end.cut,
      dropped: end.dropped,
      early: end.early ?? null,
      unread: unreadOf(end.frames, 'tcp'),
    }),
  )
}

/** A speaker whose AS is wrong tries a hundred times in ten seconds: the latest tell enough. */
const sessionsKept = 32
