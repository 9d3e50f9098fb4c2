import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')

test.each(['kube-vip', 'kube-ovn'])('what docs/%s.md shows is what the command beside it prints', (page) => {
  const text = readFileSync(path.join(root, 'docs', `${page}.md`), 'utf8')
  const shown = [...text.matchAll(/```\n\$ vipdoctor (.*)\n([^`]*)\n```/g)]
  expect(shown).toHaveLength(1)
  for (const [, line = '', output] of shown) {
    const { stdout } = spawnSync(process.execPath, [path.join(root, 'bin/run.js'), ...line.split(' ')], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    })
    expect(stdout.trimEnd()).toBe(output)
  }
})
