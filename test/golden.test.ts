import { describe, expect, test } from '@jest/globals'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { jsonReporter } from '../src/report/json.ts'
import { plain } from '../src/report/paint.ts'
import { ordinary, textReporter } from '../src/report/text/text.ts'
import { judge, printed, targetOf } from './kit/answers.ts'
import { goldenOf } from './kit/golden-json.ts'
import { fixture, fixtureNames, madeNames, truthOf } from './kit/fixtures.ts'

const folder = path.join(import.meta.dirname, 'golden')
const tool = { name: 'vipdoctor', version: '0.0.0' }
const schema = JSON.parse(readFileSync(path.join(import.meta.dirname, '../docs/schema.json'), 'utf8'))
const valid = new Ajv2020({ allowUnionTypes: true, strict: false }).compile(schema)

/** Compares with the golden file, or rewrites it: `npm run goldens`. */
function matchGolden(file: string, text: string): void {
  const golden = path.join(folder, file)
  if (process.env.UPDATE_GOLDENS) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(golden, text)
  }
  expect(existsSync(golden) ? readFileSync(golden, 'utf8') : `there is no test/golden/${file}: npm run goldens`).toBe(
    text,
  )
}

describe.each([...fixtureNames, ...madeNames])('%s', (name) => {
  test('as text and as JSON', async () => {
    const truth = await truthOf(name)
    const answer = judge(await fixture(name), [targetOf(truth)], truth.client.split(' ')[1])
    const text = printed(answer, textReporter(plain, ordinary, { from: 'bundle', path: 'bundle.tar.gz' }))
    const json = printed(answer, jsonReporter(tool))
    matchGolden(`${name}.txt`, text)
    matchGolden(`${name}.json`, goldenOf(json))
    valid(JSON.parse(json))
    expect(valid.errors ?? []).toEqual([])
    const tooWide = text
      .split('\n')
      .filter((line) => line.length > 80 && /\S\s\S/.test(line.trim()) && !isCommand(line))
    expect(tooWide).toEqual([])
  })
})

/** Commands and paths are copied, so they are never broken. */
const isCommand = (line: string): boolean =>
  /^ {4,8}(aws|kubectl|ssh|curl|echo|vipdoctor|sudo|#) /.test(line) || /^ {4,6}\S+ \/\S*$/.test(line)

test('no golden is left of a fixture that is gone', () => {
  const names = new Set(readdirSync(folder).map((file) => file.replace(/\.(txt|json)$/, '')))
  expect([...names].sort()).toEqual([...fixtureNames, ...madeNames].sort())
})
