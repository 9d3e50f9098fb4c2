// npm run bench [-- NAME…] [--json]: runs the benchmarks side by side with their peers, and prints one row for each case.
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
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

function line({ name, case: which, seconds, peer, peerSeconds, ratio, residentMiB, size }) {
  const against = peer === null ? '' : `, ${peer} ${String(round(peerSeconds))} s, ratio ${String(round(ratio))}`
  const memory = residentMiB === null ? '' : `, ${String(round(residentMiB))} MiB resident`
  return `${name}: ${which}: ${String(round(seconds))} s${against}${memory}${size === null ? '' : ` (${size})`}`
}

for (const name of asked) {
  const { run } = await import(new URL(`${name}.bench.js`, import.meta.url).href)
  for await (const row of run()) {
    const full = {
      name,
      case: '',
      seconds: null,
      peer: null,
      peerSeconds: null,
      ratio: null,
      residentMiB: null,
      size: null,
      ...row,
    }
    console.log(
      values.json
        ? JSON.stringify(Object.fromEntries(Object.entries(full).map(([key, value]) => [key, round(value)])))
        : line(full),
    )
  }
}
