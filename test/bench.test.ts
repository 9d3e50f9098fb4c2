import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

const files = readdirSync('bench', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))

describe('the benchmarks', () => {
  it.each(files)('%s imports only built modules whose source is there', (file) => {
    const imported = [...readFileSync(`bench/${file}`, 'utf8').matchAll(/'(?:\.\.\/)+dist\/([^']+)\.js'/g)]
    const sources = imported.map(([, module]) => `src/${String(module)}.ts`)
    expect(sources.filter((source) => !existsSync(source))).toEqual([])
  })
})
