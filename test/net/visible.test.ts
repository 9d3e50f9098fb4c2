import { expect, test } from '@jest/globals'
import { shownName, visible } from '../../src/net/visible.ts'

test('what a terminal would obey or hide is shown escaped', () => {
  expect(visible('a\u001B[2J\u0007\r\n\t\u0000\u007F\u009Bb')).toBe(String.raw`a\x1b[2J\x07\x0d\x0a\x09\x00\x7f\x9bb`)
  expect(visible('a\u202Eb\u2066c\u200D\u200B\uFEFF\u00AD\u3164\u{E0041}')).toBe(
    String.raw`a\u202eb\u2066c\u200d\u200b\ufeff\xad\u3164\u{e0041}`,
  )
  expect(visible('a\uD800b\u2028')).toBe(String.raw`a\ud800b\u2028`)
})

test('what can be seen stays: letters of all languages, a backslash, an emoji', () => {
  for (const text of ['größe', 'узел-1', '节点', String.raw`C:\x1b`, '🙂', 'a b']) expect(visible(text)).toBe(text)
})

test('a name that is too long is cut, and its length is said', () => {
  expect(shownName('a'.repeat(253))).toBe('a'.repeat(253))
  expect(shownName('a'.repeat(9000))).toBe(`${'a'.repeat(253)}… (9000 characters)`)
  expect(shownName(`\u001B${'a'.repeat(20)}`, 4)).toBe(String.raw`\x1baaa… (21 characters)`)
})

test.each([
  ['GitHub’s, anywhere in a line', 'Pod ##[set-output name=a]b', String.raw`Pod #\x23[set-output name=a]b`],
  ['Azure’s', 'x###VSO[task.setvariable variable=a]b', String.raw`x##\x23VSO[task.setvariable variable=a]b`],
  ['TeamCity’s', '##teamcity[buildStop]', String.raw`#\x23teamcity[buildStop]`],
  ['GitHub’s at the beginning', '::add-mask::a', String.raw`\x3a:add-mask::a`],
  ['GitHub’s where a line may be broken', 'a ::Error file=b::c', String.raw`a \x3a:Error file=b::c`],
])('a command to the runner of a pipeline is shown escaped: %s', (_, text, expected) => {
  expect(visible(text)).toBe(expected)
})

test('an address, a name of C++ and a heading are no commands', () => {
  for (const text of ['::', '::1', 'fe80::1 to ::', 'from ::/0', 'std::error::x', '## [a]', '# [a]', '##'])
    expect(visible(text)).toBe(text)
})
