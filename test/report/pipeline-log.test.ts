import { describe, expect, test } from '@jest/globals'
import { formatNames } from '../../src/report/formats.ts'
import { reported } from '../kit/answers.ts'
import { editJson, variant } from '../kit/fixtures.ts'

const commands = '##[set-output name=a]b ##vso[task.complete]c \n::set-output name=a::b ::stop-commands::d'

/** A Service that nobody gives an address, whose event and pools say what a runner would obey. */
const evidence = () =>
  variant('pending-no-pool', {
    'kubernetes/events.json': editJson(({ items }) => {
      for (const item of items) item.message = commands
    }),
    'kubernetes/services.json': editJson(({ items }) => {
      for (const { metadata } of items) metadata.name = `${String(metadata.name)} ${commands}`
    }),
    'bundle.json': editJson((value) => (value.gaps = [{ source: 'kubernetes/version.json', reason: commands }])),
  })

/** As actions/runner reads a line (ActionCommand.cs): `##[` anywhere, `::` at its beginning. */
const obeyed = (line: string): boolean => /##(?:vso)?\[/.test(line) || /^\s*::(?:set-output|stop-commands)/.test(line)

describe('what a step prints into the log of a pipeline', () => {
  test.each(formatNames)('has no command of the evidence as %s', async (format) => {
    const text = reported(await evidence(), format)
    if (format !== 'prometheus' && format !== 'fix-script') expect(text).toContain('task.complete')
    expect(text.split('\n').filter(obeyed)).toEqual([])
  })
})
