import type { Status } from '../../checks/finding.ts'
import { linesOf, shortened } from '../brief.ts'
import { h, own, type Markup } from './markup.ts'
import type { Stop } from './stops.ts'

/** Lines of text one below the other. */
export function textLines(
  lines: readonly string[],
  { x, y, step, kind }: { readonly x: number; readonly y: number; readonly step: number; readonly kind: string },
): Markup {
  const spans = lines.map((line, index) => h`<tspan x="${x}" dy="${index === 0 ? 0 : step}">${line} </tspan>`)
  return h`<text x="${x}" y="${y}" class="${kind}">${spans}</text>`
}

/** What a status looks like inside a circle of radius 14 about the origin: a shape, so that nothing hangs on colour. */
const signs: Readonly<Record<Status, Markup>> = {
  pass: own('<path d="M-6 0.5 L-1.5 5 L6.5 -4.5" class="sign"/>'),
  fail: own('<path d="M-5 -5 L5 5 M5 -5 L-5 5" class="sign"/>'),
  warn: own('<path d="M0 -6.5 V1.5 M0 5.6 V6.2" class="sign"/>'),
  unknown: own('<path d="M-3.6 -3.2 C-3.6 -8 4 -8 4 -3 C4 0 0 0 0 2.6 M0 6.2 V6.6" class="sign"/>'),
  skipped: own('<path d="M-5 0 H5" class="sign"/>'),
}

/** The circle of a hop, a link to its evidence; the one where the packet's way ends is twice as large as the others. */
export function badge({ hop, status, reach, href, brief }: Stop, x: number, y: number): Markup {
  const ends = reach === 'ends'
  const halo = ends ? own('<circle r="24" class="halo"/><circle r="15.5" class="rim"/>') : own('')
  const spoken = ends ? 'the packet’s way ends here' : status
  return h`<a href="#${href}" class="badge ${status} ${reach}" aria-label="${hop}: ${spoken}. ${brief}. To the evidence"><g transform="translate(${x} ${y})${ends ? ' scale(1.75)' : ''}">${halo}<circle r="14" class="disc"/>${signs[status]}</g></a>`
}

/** A part of the line on which the packet travels. */
export const line = (path: string, reach: 'reached' | 'beyond', turned = false): Markup =>
  h`<path d="${path}" class="line ${reach}${turned ? ' back' : ''}"/>`

/** A rectangle in the drawing’s own units, from its upper left corner. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A zone that the packet is in, with its name along the lower edge, at its left or its right end. */
export const zone = ({ x, y, width, height }: Box, kind: string, label: string, atRight = false): Markup =>
  h`<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="14" class="zone ${kind}"/><text x="${atRight ? x + width - 12 : x + 12}" y="${y + height - 9}" class="zone-name${atRight ? ' end' : ''}">${shortened(label, Math.floor((width - 20) / 6.6))}</text>`

/**
 * The speech bubble at the place where the packet's way ends, as high as its text. `y` is its lower edge, or its upper one where it hangs
 * down; `pointer` draws the way from that edge to the place.
 */
export function bubble(
  {
    x,
    y,
    width,
    hangs = false,
  }: { readonly x: number; readonly y: number; readonly width: number; readonly hangs?: boolean },
  pointer: (edge: number) => string,
  words: { readonly title: string; readonly text: string; readonly kind: string },
): Markup {
  const lines = linesOf(words.text, Math.floor((width - 32) / 7.4), hangs ? 4 : 3)
  const height = 42 + lines.length * 18
  const top = hangs ? y : y - height
  return h`<g class="bubble ${words.kind}"><path d="${pointer(y)}"/><rect x="${x}" y="${top}" width="${width}" height="${height}" rx="12"/><text x="${x + 16}" y="${top + 25}" class="bubble-title">${words.title}</text>${textLines(lines, { x: x + 16, y: top + 46, step: 18, kind: 'bubble-text' })}</g>`
}
