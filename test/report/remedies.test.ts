import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Finding } from '../../src/checks/finding.ts'
import { diagnosisOfFixture, judge, printed, targetOf } from '../kit/answers.ts'
import { fixture, fixtureNames, truthOf } from '../kit/fixtures.ts'
import { plain } from '../../src/report/paint.ts'
import { ordinary, textReporter } from '../../src/report/text/text.ts'

/** What a shell says against lines of which none is run. */
function syntaxErrors(lines: readonly string[]): string {
  const { stderr, error } = spawnSync('bash', ['-n'], { input: lines.join('\n'), encoding: 'utf8' })
  if (error !== undefined) throw error
  return stderr
}

/** The words between angle brackets that stand in lines: what only the user knows. */
const placeholdersIn = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => line.match(/<[a-z][a-z-]*>/g) ?? [])

const told = ({ fix, advice }: Finding): string => [fix?.summary, fix?.changes, advice].join(' ')

const wrongStatuses: readonly string[] = ['fail', 'warn', 'unknown']

describe.each(fixtureNames)('%s', (name) => {
  test('what is wrong is said in brief, and its remedy can be typed', async () => {
    const { findings, causes } = await diagnosisOfFixture(name)
    expect(causes.filter(({ fix, look, advice }) => fix === null && look.length === 0 && advice === undefined)).toEqual(
      [],
    )
    const wrong = findings.filter(({ status }) => wrongStatuses.includes(status))
    expect(
      wrong.filter(({ brief }) => brief.length > 48 || /[….]$/.test(brief)).map(({ id, brief }) => [id, brief]),
    ).toEqual([])
    const lines = wrong.flatMap(({ look, fix }) => [...look, ...(fix?.commands ?? [])])
    expect(syntaxErrors(lines)).toBe('')
    const unsaid = wrong.filter(
      (finding) => placeholdersIn(finding.fix?.commands ?? []).length > 0 && !/\breplace\b/i.test(told(finding)),
    )
    expect(unsaid.map(({ id }) => id)).toEqual([])
  })

  test('its report says no sentence twice', async () => {
    const truth = await truthOf(name)
    const answer = judge(await fixture(name), [targetOf(truth)], truth.client.split(' ')[1])
    const text = printed(answer, textReporter(plain, ordinary, { from: 'bundle', path: 'bundle.tar.gz' }))
    const sentences = text
      .split(/\n\n|\n(?= {2,6}(?:Fix|Look|Proof|- |\d\.|kubectl|aws|ssh|echo|sudo))/)
      .flatMap((block) => block.replace(/\s+/g, ' ').split(/(?<=[.!?]) (?=[A-Z])/))
      // Which nodes a cause holds for is said of each.
      .filter((sentence) => /^[A-Z].{25,}\.$/.test(sentence) && !sentence.startsWith('The same holds on '))
    expect(sentences.filter((sentence, at) => sentences.indexOf(sentence) < at)).toEqual([])
  })
})

test('no sentence in brief is longer than a line of the path has room for', () => {
  const folder = path.join(import.meta.dirname, '../../src/checks')
  const long = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(path.join(folder, file), 'utf8').matchAll(/\bsaid\(\s*'((?:[^'\\]|\\.)*)'/g)])
    .map(([, brief = '']) => brief)
  expect(long.length).toBeGreaterThan(100)
  expect(long.filter((brief) => brief.length > 48 || brief.endsWith('.'))).toEqual([])
})
