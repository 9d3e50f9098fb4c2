import { beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Finding } from '../../src/checks/finding.ts'
import type { Answer } from '../../src/diagnosis/diagnosis.ts'
import { printed } from '../kit/answers.ts'
import { everyCase } from '../kit/every-case.ts'
import { saidTwice, tooLong } from '../kit/report-lines.ts'
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

/** What the kernel forgets when it starts anew, and rules that something loads again. */
const passing =
  /\bsysctl -w|\bmodprobe |\bip (?:-\d )?(?:rule|route|link) (?:add|del|replace|set)\b|tables(?:-\w+)? .*-[ADI] |\bnft (?:insert|delete)/
const kept = /\/etc\/(?:sysctl|modules-load)\.d/
const howLong = /\b(boot|start|restart|loaded|stays?|anew|again|keeps?|writes?)\b/i

/** What changes a file or an object by hand, or loads a whole file back. */
const edited = / edit |\bvi |tables(?:-\w+)?-restore\b|\bsed -i(?! |\.)/
const copied = /\bbefore\b/

describe.each(everyCase)('%s', (_, answered) => {
  let answer: Answer
  beforeAll(async () => {
    answer = await answered()
  })
  const wrong = () =>
    answer.diagnoses.flatMap(({ findings }) => findings.filter(({ status }) => wrongStatuses.includes(status)))

  test('what stops the packet is mended by a command, looked at by one, or left to the user in words', () => {
    const causes = answer.diagnoses.flatMap((diagnosis) => diagnosis.causes)
    expect(causes.filter(({ fix, look, advice }) => fix === null && look.length === 0 && advice === undefined)).toEqual(
      [],
    )
  })

  test('what is wrong is said in brief, and its remedy can be typed', () => {
    expect(
      wrong()
        .filter(({ brief }) => brief.length > 48 || /[….]$/.test(brief))
        .map(({ id, brief }) => [id, brief]),
    ).toEqual([])
    expect(syntaxErrors(wrong().flatMap(({ look, fix }) => [...look, ...(fix?.commands ?? [])]))).toBe('')
    const unsaid = wrong().filter(
      (finding) => placeholdersIn(finding.fix?.commands ?? []).length > 0 && !/\breplace\b/i.test(told(finding)),
    )
    expect(unsaid.map(({ id }) => id)).toEqual([])
  })

  test('a fix says how long it lasts, and keeps a copy of what it edits', () => {
    const fixes = wrong().flatMap(({ id, fix }) =>
      fix === null ? [] : [{ id, ...fix, text: fix.commands.join('\n') }],
    )
    const silent = fixes.filter(({ text, changes }) => passing.test(text) && !kept.test(text) && !howLong.test(changes))
    expect(silent.map(({ id, changes }) => [id, changes])).toEqual([])
    const careless = fixes.filter(({ text }) => edited.test(text) && !copied.test(text))
    expect(careless.map(({ id, text }) => [id, text])).toEqual([])
  })

  test.each([60, 80, 200])(
    'its report says nothing twice at %d columns, and no line is longer but commands',
    (width) => {
      for (const detail of [ordinary, { ...ordinary, verbose: true }]) {
        const look = { ...plain, width, symbols: true }
        const text = printed(answer, textReporter(look, detail, { from: 'bundle', path: 'bundle.tar.gz' }))
        expect(tooLong(text, width)).toEqual([])
        if (!detail.verbose) expect(saidTwice(text)).toEqual([])
      }
    },
  )
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
