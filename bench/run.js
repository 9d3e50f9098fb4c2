// npm run bench [-- NAME…] [--json] [--compare REF]: runs the benchmarks side by side with their peers, and prints one row for each case.
// With --compare the peer of each is the same command of another revision; what is compared is the processor's time, and the time that passes.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { inWords, isMet } from './aim.js'
import { compareWith } from './measure.js'
import { builtRevision } from './revision.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, compare: { type: 'string' } },
})
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.js'))
  .map((file) => file.replace(/\.bench\.js$/, ''))
  .sort()
const asked = positionals.length === 0 ? names : positionals
const strangers = asked.filter((name) => !names.includes(name))
if (strangers.length > 0) {
  console.error(`There is no benchmark ${strangers.join(', ')}; there are ${names.join(', ')}.`)
  process.exit(2)
}

const round = (value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value)

function line({
  name,
  case: which,
  seconds,
  peer,
  peerSeconds,
  ratio,
  timeRatio,
  residentMiB,
  peerMiB,
  cpuSeconds,
  exponent,
  aim,
  met,
  size,
}) {
  const passed = timeRatio === null ? '' : ` (${String(round(timeRatio))} of the time that passes)`
  const against =
    peer === null ? '' : `, ${peer} ${String(round(peerSeconds))} s, ratio ${String(round(ratio))}${passed}`
  const theirs = peerMiB === undefined || peerMiB === null ? '' : `, ${peer} ${String(round(peerMiB))} MiB`
  const memory = residentMiB === null ? '' : `, ${String(round(residentMiB))} MiB resident${theirs}`
  const figures = [
    seconds === null ? '' : `${String(round(seconds))} s`,
    cpuSeconds === null ? '' : ` (${String(round(cpuSeconds))} s of the processor)`,
    exponent === null ? '' : `exponent ${String(round(exponent))}`,
  ].join('')
  const judged = aim === null ? '' : `; aim ${aim}: ${met ? 'met' : 'missed'}`
  return `${name}: ${which}: ${figures}${against}${memory}${size === null ? '' : ` (${size})`}${judged}`
}

function print(name, { aim = null, ...row }) {
  const full = {
    name,
    case: '',
    seconds: null,
    peer: null,
    peerSeconds: null,
    ratio: null,
    timeRatio: null,
    residentMiB: null,
    cpuSeconds: null,
    exponent: null,
    size: null,
    ...row,
    aim: aim === null ? null : inWords(aim),
    met: aim === null ? null : isMet(aim, row),
  }
  console.log(
    values.json
      ? JSON.stringify(Object.fromEntries(Object.entries(full).map(([key, value]) => [key, round(value)])))
      : line(full),
  )
}

/** A row whose command ran beside another revision's: that one is the peer now, and the ratio says how many times ours takes its time. */
function besideRevision({ compared, ...row }) {
  const { ours, reference } = compared
  return {
    ...row,
    aim: null,
    seconds: ours.cpuSeconds,
    peer: values.compare,
    peerSeconds: reference.cpuSeconds,
    ratio: ours.cpuSeconds / reference.cpuSeconds,
    timeRatio: ours.seconds / reference.seconds,
    residentMiB: ours.residentMiB,
    peerMiB: reference.residentMiB,
  }
}

/** The rows of a benchmark that times inside its own process: each revision runs its own by turns, and the least of each case counts. */
function* insideByTurns(name, reference) {
  const least = { ours: new Map(), reference: new Map() }
  for (let run = 0; run < 3; run += 1)
    for (const [whose, folder] of [
      ['ours', new URL('..', import.meta.url).pathname],
      ['reference', reference],
    ]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [`${folder}bench/run.js`, name, '--json'], {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`${name} of ${folder}: ${stderr}`)
      for (const row of stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text))) {
        const before = least[whose].get(row.case)
        if (before === undefined || row.seconds < before.seconds) least[whose].set(row.case, row)
      }
    }
  for (const [which, row] of least.ours) {
    const other = least.reference.get(which)
    if (other === undefined) console.error(`${name}: ${values.compare} has no case ${which}.`)
    else yield { ...row, peer: values.compare, peerSeconds: other.seconds, ratio: row.seconds / other.seconds }
  }
}

const reference = values.compare === undefined ? null : builtRevision(values.compare)
if (reference !== null) compareWith(reference)

for (const name of asked) {
  const { run, inside = false } = await import(new URL(`${name}.bench.js`, import.meta.url).href)
  if (reference === null) for await (const row of run()) print(name, row)
  else if (inside) for (const row of insideByTurns(name, reference)) print(name, row)
  else for await (const row of run()) if (row.compared) print(name, besideRevision(row))
}
