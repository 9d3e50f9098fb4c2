import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { Config } from '@oclif/core'
import { describedCommands } from '../../src/cli/described.ts'
import { manPage } from '../../src/report/man-page.ts'
import { testNeeding } from '../kit/needing.ts'

const root = path.join(import.meta.dirname, '../..')
const file = path.join(root, 'docs/man/vipdoctor.1')
// The manifest is made by a build, as bin/run.js is.
const config = () => Config.load({ root })

test('docs/man says what help says: npm run docs', async () => {
  const built = await config()
  expect(readFileSync(file, 'utf8')).toBe(manPage(describedCommands(built), built.version))
})

testNeeding('groff')('groff has nothing to say against it, and shows every command and flag', async () => {
  const { stdout, stderr } = spawnSync('groff', ['-k', '-man', '-ww', '-Tutf8', '-P-cbou', file], { encoding: 'utf8' })
  expect(stderr).toBe('')
  for (const { name, flags } of describedCommands(await config())) {
    expect(stdout).toContain(`vipdoctor ${name}`)
    for (const flag of flags) expect(stdout).toContain(`--${flag.name}`)
  }
  expect(stdout).toMatch(/\n {7}3 +Inconclusive:/)
})
