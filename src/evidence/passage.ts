import type { Proof } from './cite.ts'
import { gap, isGap, type Known } from './gap.ts'
import { jsonSpan } from './json-span.ts'
import { readText } from './json.ts'
import type { Store } from './store.ts'

/** Where a proof stands in its file: lines from 1, the last one included. */
export interface Region {
  readonly startLine: number
  readonly endLine: number
}

/** A region with lines around it, as a person would look it up. `lines` begins with line `firstLine` of the file. */
export interface Passage extends Region {
  readonly firstLine: number
  readonly lines: readonly string[]
}

interface OpenFile {
  readonly text: string
  /** Where each line begins. */
  readonly lineStarts: readonly number[]
  readonly itemStarts: Map<string, number[]>
}

/** Larger files are not opened for a report: each is held as one text. */
const largestBytes = 128 << 20

const open = new WeakMap<Store, Map<string, Known<OpenFile>>>()

/** The lines at which a proof stands; a gap where the file is not there, or the place is not in it. */
export function regionOf(store: Store, { file, line, pointer }: Proof): Known<Region> {
  const opened = fileOf(store, file)
  if (isGap(opened)) return opened
  const { text, lineStarts, itemStarts } = opened
  if (line !== undefined)
    return line >= 1 && line <= lineStarts.length
      ? { startLine: line, endLine: line }
      : gap(file, `has no line ${line}`)
  if (pointer === '') return { startLine: 1, endLine: lineStarts.length }
  const span = jsonSpan(text, pointer, itemStarts)
  if (span === null) return gap(file, `has nothing at ${pointer}`)
  return { startLine: lineAt(lineStarts, span.start), endLine: lineAt(lineStarts, Math.max(span.start, span.end - 1)) }
}

/** A proof's lines, with `around` more on each side. */
export function passageOf(store: Store, proof: Proof, around: number): Known<Passage> {
  const region = regionOf(store, proof)
  if (isGap(region)) return region
  const opened = fileOf(store, proof.file)
  if (isGap(opened)) return opened
  const { text, lineStarts } = opened
  const firstLine = Math.max(1, region.startLine - around)
  const lastLine = Math.min(lineStarts.length, region.endLine + around)
  const end = text.endsWith('\n') ? text.length : text.length + 1
  const lines: string[] = []
  for (let line = firstLine; line <= lastLine; line += 1)
    lines.push(text.slice(lineStarts[line - 1], (lineStarts[line] ?? end) - 1).replace(/\r$/, ''))
  return { ...region, firstLine, lines }
}

function fileOf(store: Store, file: string): Known<OpenFile> {
  const files = open.get(store) ?? new Map<string, Known<OpenFile>>()
  open.set(store, files)
  const opened = files.get(file) ?? openFile(store, file)
  files.set(file, opened)
  return opened
}

function openFile(store: Store, file: string): Known<OpenFile> {
  const bytes = store.read(file)
  if (isGap(bytes)) return bytes
  if (bytes.length > largestBytes) return gap(file, 'too large to look places up in it')
  const text = readText(store, file)
  if (isGap(text)) return text
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1 && at + 1 < text.length; at = text.indexOf('\n', at + 1))
    lineStarts.push(at + 1)
  return { text, lineStarts, itemStarts: new Map() }
}

/** The line that holds an offset: by halving. */
function lineAt(lineStarts: readonly number[], offset: number): number {
  let [low, high] = [0, lineStarts.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}
