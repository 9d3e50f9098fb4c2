import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '../../..')
const page = readFileSync(path.join(root, 'docs/capture.md'), 'utf8')
const shown = [...page.matchAll(/```console\n\$ vipdoctor (.*)\n([^`]*)```/g)].map(([, command = '', output = '']) => ({
  command,
  output,
}))

test('docs/capture.md shows captures of every kind', () => {
  expect(shown.map(({ command }) => command.split(' ')[1])).toEqual(['arp', 'arp', 'arp', 'arp', 'bgp'])
})

test.each(shown)('what docs/capture.md shows of $command is what it prints', ({ command, output }) => {
  const { stdout } = spawnSync(process.execPath, ['bin/run.js', ...command.split(' ')], { cwd: root, encoding: 'utf8' })
  expect(stdout).toBe(output)
})
