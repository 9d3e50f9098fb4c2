import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { checks } from '../../src/checks/index.ts'
import { checksOfCode } from '../../src/report/aws-codes.ts'
import { checkList } from '../../src/report/check-list.ts'

const folder = path.join(import.meta.dirname, '../../src/checks')

/** The codes that stand in the source of a check, and of what is shared about the rules of a network ACL. */
function codesIn(id: string): readonly string[] {
  const file = [`${id}.ts`, `${id}/check.ts`].map((name) => path.join(folder, name)).find((name) => existsSync(name))
  const text = readFileSync(file ?? '', 'utf8')
  const shared = text.includes('about/acl') ? readFileSync(path.join(folder, 'about/acl.ts'), 'utf8') : ''
  const known = Object.keys(checksOfCode).map((code) => code.split('_')[0])
  const code = new RegExp(`'((?:${[...new Set(known)].join('|')})_[A-Z_]+)'`, 'g')
  return [...new Set([...`${text}${shared}`.matchAll(code)].map(([, found]) => found ?? ''))].sort()
}

test('explain knows each code that a finding can have, and no other', () => {
  const declared = checks.map(({ id }) => [
    id,
    Object.keys(checksOfCode)
      .filter((code) => checksOfCode[code]?.includes(id))
      .sort(),
  ])
  expect(declared).toEqual(checks.map(({ id }) => [id, codesIn(id)]))
})

test.each([60, 80, 200])('at %d columns no line of the list of checks is longer', (width) => {
  const lines = checkList(checks, width).split('\n')
  expect(lines.filter((line) => line.length > width)).toEqual([])
  const text = lines.join(' ').replace(/ +/g, ' ')
  for (const { id, title } of checks) expect(text).toContain(`${id} ${title}`)
})
