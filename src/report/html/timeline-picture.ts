import { hasVip } from '../../evidence/question.ts'
import { timelineOf, type Timeline, type TimelineEvent } from '../../capture/timeline.ts'
import { seenIn } from '../../checks/about/captures.ts'
import type { Diagnosis } from '../../diagnosis/diagnosis.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { knownStations } from '../../journey/stations.ts'
import { shortened } from '../brief.ts'
import { h, nothing, type Markup } from './markup.ts'

const [width, left, right, laneHeight] = [1000, 230, 24, 46]
const mostRows = 60

/** What each capture of the evidence shows about the VIP, over time: who claimed it when. */
export function timelinesMarkup(evidence: Evidence, { question }: Diagnosis): Markup {
  if (!hasVip(question)) return nothing
  const { vip } = question
  const stations = knownStations(evidence, vip, question.vpcId)
  const nameOf = (mac: string): string => {
    const station = stations.stationOf(mac)
    return station === null ? mac : `${station.node} ${station.interface ?? ''}`.trim()
  }
  const figures = seenIn({ evidence, question }).seen.map(({ capture, conclusion }) =>
    figureMarkup(capture.file, timelineOf(capture.messages, vip), conclusion.says, nameOf),
  )
  return figures.length === 0
    ? nothing
    : h`<section class="wire"><h3>On the wire: who claimed ${vip.text}, and when</h3>${figures}</section>`
}

type NameOf = (mac: string) => string

function figureMarkup(file: string, timeline: Timeline, says: string, nameOf: NameOf): Markup {
  const picture = timeline.events.length === 0 ? nothing : drawing(timeline, nameOf)
  return h`<figure class="timeline"><figcaption><code>${file}</code><p>${says}</p></figcaption>${picture}${eventList(timeline, nameOf)}</figure>`
}

function drawing(timeline: Timeline, nameOf: NameOf): Markup {
  const lanes = [...timeline.claimants, null]
  const height = 34 + lanes.length * laneHeight + 30
  const span = Math.max(timeline.seconds, 0.001)
  const x = (seconds: number) => left + (seconds / span) * (width - left - right)
  const y = (mac: string | null) => 34 + lanes.indexOf(mac) * laneHeight + laneHeight / 2
  const bottom = 34 + lanes.length * laneHeight
  const rows = lanes.map(
    (mac) =>
      h`<path d="M${left} ${y(mac)} H${width - right}" class="lane"/><text x="12" y="${y(mac) + 1}" class="lane-name">${shortened(mac === null ? 'who has it? (requests)' : nameOf(mac), 30)}</text>${mac !== null && nameOf(mac) !== mac ? h`<text x="12" y="${y(mac) + 16}" class="lane-mac">${mac}</text>` : nothing}`,
  )
  const conflicts = timeline.conflicts.map(
    ({ from, to }) =>
      h`<rect x="${x(from).toFixed(1)}" y="30" width="${Math.max(x(to) - x(from), 3).toFixed(1)}" height="${bottom - 30}" class="conflict"/><text x="${(x(from) + 4).toFixed(1)}" y="24" class="conflict-name">several claim it</text>`,
  )
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      h`<text x="${x(part * span).toFixed(1)}" y="${height - 8}" class="tick">${(part * span).toFixed(span < 10 ? 2 : 0)} s</text>`,
  )
  return h`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="The messages of the capture about the VIP over ${span.toFixed(1)} seconds, one row for each sender that claimed it">${conflicts}${rows}${handovers(timeline, x, y)}${timeline.events.map((event) => eventMark(event, x, y))}${ticks}</svg>
<p class="legend"><svg viewBox="-9 -9 18 18" aria-hidden="true"><path d="M0 -8 L8 0 L0 8 L-8 0 Z" class="announced"/></svg> announced, unasked <svg viewBox="-9 -9 18 18" aria-hidden="true"><circle r="6" class="answered"/></svg> answered <svg viewBox="-9 -9 18 18" aria-hidden="true"><path d="M0 -8 V8" class="asked"/></svg> asked for</p>`
}

/** Where the claims go from one sender to another and do not come back: an arrow down or up, with the time between. */
function handovers(
  { events, conflicts }: Timeline,
  x: (seconds: number) => number,
  y: (mac: string | null) => number,
): Markup {
  const claims = events.filter(({ what }) => what !== 'asked')
  const arrows = claims.flatMap((event, index) => {
    const before = claims[index - 1]
    if (before === undefined || before.mac === event.mac) return []
    if (conflicts.some(({ from, to }) => event.seconds >= from && event.seconds <= to)) return []
    const [at, start, end] = [x(event.seconds), y(before.mac), y(event.mac)]
    return [
      h`<path d="M${x(before.seconds).toFixed(1)} ${start} L${at.toFixed(1)} ${end}" class="handover"/><text x="${(at + 10).toFixed(1)}" y="${(start + end) / 2}" class="handover-name">${(event.seconds - before.seconds).toFixed(1)} s</text>`,
    ]
  })
  return h`${arrows}`
}

function eventMark(
  { seconds, what, mac }: TimelineEvent,
  x: (seconds: number) => number,
  y: (mac: string | null) => number,
): Markup {
  const at = x(seconds).toFixed(1)
  const lane = what === 'asked' ? y(null) : y(mac)
  if (what === 'announced') return h`<path d="M${at} ${lane - 8} l8 8 l-8 8 l-8 -8 Z" class="announced"/>`
  return what === 'answered'
    ? h`<circle cx="${at}" cy="${lane}" r="6" class="answered"/>`
    : h`<path d="M${at} ${lane - 9} v18" class="asked"/>`
}

function eventList({ events, left: cut }: Timeline, nameOf: NameOf): Markup {
  if (events.length === 0) return h`<p class="quiet">No message about it is in this capture.</p>`
  const rows = events
    .slice(0, mostRows)
    .map(
      ({ seconds, kind, mac }) => h`<tr><td>${seconds.toFixed(3)} s</td><td>${kind}</td><td>${nameOf(mac)}</td></tr>`,
    )
  const left = events.length + cut - mostRows
  return h`<details class="more"><summary>The messages, one by one</summary><div class="scroll" tabindex="0" role="group" aria-label="The messages, one by one"><table><thead><tr><th scope="col">time</th><th scope="col">message</th><th scope="col">sender</th></tr></thead><tbody>${rows}</tbody></table></div>${left > 0 ? h`<p class="quiet">and ${left} more</p>` : nothing}</details>`
}
