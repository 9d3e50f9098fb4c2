import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { inWords, isMet } from '../bench/aim.js'

const files = readdirSync('bench', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))

describe('the benchmarks', () => {
  it.each(files)('%s imports only built modules whose source is there', (file) => {
    const imported = [...readFileSync(`bench/${file}`, 'utf8').matchAll(/'(?:\.\.\/)+dist\/([^']+)\.js'/g)]
    const sources = imported.map(([, module]) => `src/${String(module)}.ts`)
    expect(sources.filter((source) => !existsSync(source))).toEqual([])
  })
})

describe('an aim of a benchmark', () => {
  it.each([
    { aim: { seconds: [0, 10] }, row: { seconds: 10 }, met: true, says: 'seconds at most 10' },
    { aim: { seconds: [0, 10] }, row: { seconds: 10.1 }, met: false, says: 'seconds at most 10' },
    { aim: { ratio: [1, Infinity] }, row: { ratio: 0.99 }, met: false, says: 'ratio at least 1' },
    { aim: { ratio: [1, Infinity] }, row: { ratio: 1 }, met: true, says: 'ratio at least 1' },
    {
      aim: { seconds: [0, 1.5], residentMiB: [0, 400] },
      row: { seconds: 1, residentMiB: 401 },
      met: false,
      says: 'seconds at most 1.5, residentMiB at most 400',
    },
    { aim: { ratio: [1, Infinity] }, row: { ratio: null }, met: false, says: 'ratio at least 1' },
  ])('$says of $row is met: $met', ({ aim, row, met, says }) => {
    expect(isMet(aim, row)).toBe(met)
    expect(inWords(aim)).toBe(says)
  })
})
