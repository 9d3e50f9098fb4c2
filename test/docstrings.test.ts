import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

// Commands say what they do in `summary`, which help prints.
const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('commands/'),
)

const isExport = (line = ''): boolean => /^export (?:async )?(?:const|function\*?|interface|type|class) \w/.test(line)

/** A docstring stands right above an export, or above the lines of exports that it heads. */
const isDocumented = (lines: readonly string[], at: number): boolean =>
  /\*\/\s*$/.test(lines[at - 1] ?? '') || (isExport(lines[at - 1]) && isDocumented(lines, at - 1))

describe('docstrings', () => {
  it('finds an export without one, and no other', () => {
    const lines = [
      '/** Two colours. */',
      'export const red = 1',
      'export const blue = 2',
      '',
      'export type Hue = number',
    ]
    expect(lines.filter((line, at) => isExport(line) && !isDocumented(lines, at))).toEqual(['export type Hue = number'])
  })

  it('stand above every export', () => {
    const without = files.flatMap((file) => {
      const lines = readFileSync(`src/${file}`, 'utf8').split('\n')
      return lines.flatMap((line, at) =>
        isExport(line) && !isDocumented(lines, at) ? [`src/${file}:${String(at + 1)}: ${line}`] : [],
      )
    })
    expect(without).toEqual([])
  })
})
