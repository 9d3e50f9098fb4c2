import { isClaim, type NeighbourMessage } from '../capture/neighbour-message.ts'
import { nameOf, verdictOf, type Conclusion, type Surroundings } from '../capture/conclude.ts'
import { failoverSeconds, type Observation } from '../capture/observe.ts'
import { unreadOf, unreadText } from '../capture/link-types.ts'
import type { SourceEnd } from '../capture/source.ts'
import { counted } from '../net/words.ts'
import type { Look } from './paint.ts'
import { jsonText, shown, shownText } from './shown.ts'
import { wrap } from './wrap.ts'
import { schemaVersion } from './schema-version.ts'

/** Seconds since the first frame, as the lines of a capture begin. */
export const since = (timeNs: bigint, startNs: bigint): string => (Number(timeNs - startNs) / 1e9).toFixed(3)

/** One line for a message about the VIP. */
export function messageText(
  message: NeighbourMessage,
  startNs: bigint,
  surroundings: Surroundings,
  look: Look,
): string {
  const who = shownText(nameOf(message.mac, surroundings))
  const asks = message.asker === null ? who : `${message.asker.text} (${message.mac})`
  const says = isClaim(message) ? `held by ${who}` : `asked for by ${asks}`
  const vlan = message.vlans.length === 0 ? '' : `  VLAN ${message.vlans.join('.')}`
  return `${since(message.timeNs, startNs).padStart(9)} s  ${look.paint.bold(message.kind.padEnd(18))}  ${says}${vlan}`
}

/** What it all means, and a timeline of who held the VIP. */
export function conclusionText(
  observation: Observation,
  conclusions: readonly Conclusion[],
  end: SourceEnd,
  surroundings: Surroundings,
  look: Look,
): string {
  const { claimants, firstNs, odd } = observation
  const start = firstNs ?? 0n
  const timeline = claimants.map(
    (one) =>
      `${since(one.firstNs, start).padStart(9)} s – ${since(one.lastNs, start)} s  ${shownText(nameOf(one.mac, surroundings))}: ${counted(one.unasked, 'announcement')}, ${counted(one.answers, 'answer')}`,
  )
  const sections = [
    timeline.length === 0 ? [] : [look.paint.bold(`Who held ${observation.vip.text}:`), ...timeline],
    ...shown(conclusions).map(({ fabric, says, verdict }) => {
      const where = fabric === null ? '' : fabric === 'ec2' ? 'In a VPC: ' : 'On a LAN: '
      const [first = '', ...rest] = wrap(`${where}${says}`, look.width, '  ', '')
      return [paintVerdict(verdict, first, look), ...rest]
    }),
    shown(odd).flatMap((one) => wrap(`Odd: ${one}.`, look.width, '  ', '')),
    ...whatIsMissing(end, 'neighbours', look),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** What may be missing: frames that are not read, a capture that ends in the middle or too early, frames that the kernel dropped. */
export function whatIsMissing(
  { cut, dropped, frames, early }: SourceEnd,
  about: 'neighbours' | 'tcp',
  look: Look,
): string[][] {
  return [
    ...unreadOf(frames, about).map((one) => wrap(`Not read: ${unreadText(one)}.`, look.width, '  ', '')),
    early === undefined
      ? []
      : wrap(
          `Ended early: after ${early.seconds.toFixed(1)} s (${shownText(early.why)}); what is concluded is of that time alone.`,
          look.width,
          '  ',
          '',
        ),
    cut === null ? [] : wrap(`Cut: ${shownText(cut)}; everything before that was read.`, look.width, '  ', ''),
    dropped === null || dropped === 0
      ? []
      : wrap(
          dropped === 'some'
            ? 'Lost: frames came faster than they could be read, so some may be missing here. tcpdump counts them (--source tcpdump).'
            : `Lost: the kernel dropped ${counted(dropped, 'frame')}, so something may be missing here.`,
          look.width,
          '  ',
          '',
        ),
  ]
}

/** A line in the colour of its verdict. */
export function paintVerdict(verdict: Conclusion['verdict'], text: string, { paint }: Look): string {
  switch (verdict) {
    case 'fine':
      return paint.green(text)
    case 'fault':
      return paint.red(text)
    case 'open':
      return paint.magenta(text)
  }
}

/** One JSON object for a message about the VIP. */
export function messageJson(message: NeighbourMessage, surroundings: Surroundings): string {
  const { timeNs, kind, about, mac, asker, targetMac, destination, vlans, length } = message
  return jsonText(
    JSON.stringify({
      type: 'frame',
      time: seconds(timeNs),
      kind,
      vip: about.text,
      mac,
      node: surroundings.stationOf(mac)?.node ?? null,
      asker: asker?.text ?? null,
      targetMac,
      destination,
      vlans,
      length,
    }),
  )
}

/** The last JSON object of a capture. */
export function conclusionJson(
  observation: Observation,
  conclusions: readonly Conclusion[],
  end: SourceEnd,
  surroundings: Surroundings,
): string {
  const { vip, claimants, takeovers, requests, unanswered, control, messages, odd } = observation
  return jsonText(
    JSON.stringify({
      type: 'conclusion',
      schemaVersion,
      vip: vip.text,
      verdict: verdictOf(conclusions),
      conclusions,
      claimants: claimants.map(({ mac, firstNs, lastNs, unasked, answers, rhythm }) => ({
        mac,
        node: surroundings.stationOf(mac)?.node ?? null,
        first: seconds(firstNs),
        last: seconds(lastNs),
        unasked,
        answers,
        rhythm,
      })),
      takeovers: takeovers.map((one) => ({ from: one.from, to: one.to, failoverSeconds: failoverSeconds(one) })),
      requests,
      unanswered,
      control,
      messages,
      odd,
      cut: end.cut,
      dropped: end.dropped,
      early: end.early ?? null,
      unread: unreadOf(end.frames, 'neighbours'),
    }),
  )
}

/** Nanoseconds as seconds with nine digits: a JSON number would lose the last ones. */
export const seconds = (timeNs: bigint): string =>
  `${String(timeNs / 1_000_000_000n)}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}`
