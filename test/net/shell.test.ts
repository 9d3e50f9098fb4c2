import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonWord, remotely, sh, word, type Command, type ShellValue } from '../../src/net/shell.ts'

/** The words that bash makes of a command, one after the other. */
function wordsOf(command: Command, shell = ['bash', '-c']): string[] {
  if ('refused' in command) throw new Error(`refused: ${command.refused}`)
  const [program = '', ...flags] = shell
  const printed = execFileSync(program, [...flags, `printf '%s\\0' ${command.line}`], { encoding: 'utf8' })
  return printed.split('\0').slice(0, -1)
}

const refusalOf = (command: Command): string => ('refused' in command ? command.refused : `a line: ${command.line}`)

test('what needs no quotes has none: a command reads as if typed', () => {
  expect(sh`kubectl -n ${'shop'} get service ${'web-lb'} -o wide`).toEqual({
    line: 'kubectl -n shop get service web-lb -o wide',
  })
  expect(sh`ssh ${'admin@10.0.0.7'} sudo sysctl -w net.ipv4.conf.${'eth0.100'}.rp_filter=${2}`).toEqual({
    line: 'ssh admin@10.0.0.7 sudo sysctl -w net.ipv4.conf.eth0.100.rp_filter=2',
  })
})

const awkward = [
  'a b',
  '*',
  '~',
  '~root',
  '{a,b}',
  '=ls',
  '#x',
  'a;b',
  'a|b',
  'a&b',
  '(x)',
  '<in',
  '>out',
  'x?',
  '[a]',
  'größe',
  '^x',
]

test('bash reads each value back as the one word that it is', () => {
  for (const name of awkward) expect(wordsOf(sh`kubectl get ${name}`)).toEqual(['kubectl', 'get', name])
  for (const name of awkward) expect(wordsOf(sh`--filter=${name},x`)).toEqual([`--filter=${name},x`])
})

const printable = `ab '"\`$\\!*~{};|&()<>#=-,`

test('any text that is no name but ours is one word to bash and to a plain POSIX shell', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from(printable)) })
  fc.assert(
    fc.property(text, (value) => {
      expect(wordsOf(sh`x ${word(value)} y`)).toEqual(['x', value, 'y'])
      expect(wordsOf(sh`x ${word(value)} y`, ['sh', '-c'])).toEqual(['x', value, 'y'])
    }),
    { numRuns: 100 },
  )
})

test('whatever a name holds, it is one word to bash or there is no command', () => {
  const unit = fc.constantFrom(...Array.from(`${printable}\n\u001b\u202e\u200b`))
  fc.assert(
    fc.property(fc.string({ unit }), (name) => {
      const command = sh`x ${name} y`
      if ('line' in command) expect(wordsOf(command)).toEqual(['x', name, 'y'])
      else expect(command.refused).not.toBe('')
    }),
    { numRuns: 300 },
  )
})

test('a list is several words, each quoted once', () => {
  expect(wordsOf(sh`aws ec2 describe-subnets --subnet-ids ${['subnet-1', 'a b', '*']}`)).toEqual([
    'aws',
    'ec2',
    'describe-subnets',
    '--subnet-ids',
    'subnet-1',
    'a b',
    '*',
  ])
})

test('a patch is one word, also where a value of it has quotes', () => {
  const patch = { spec: { externalTrafficPolicy: 'Cluster', note: `it's "so"` } }
  const words = wordsOf(sh`kubectl patch service ${'web'} -p ${jsonWord(patch)}`)
  expect(words.slice(0, -1)).toEqual(['kubectl', 'patch', 'service', 'web', '-p'])
  expect(JSON.parse(words.at(-1) ?? '')).toEqual(patch)
})

test('a name inside quotes of the template stands as it is', () => {
  expect(wordsOf(sh`jq ${'x'} '.items[] | select(.name == "${'a b'}")'`)).toEqual([
    'jq',
    'x',
    '.items[] | select(.name == "a b")',
  ])
  expect(wordsOf(sh`echo "x ${'a'}" ${'c d'}`)).toEqual(['echo', 'x a', 'c d'])
  expect(wordsOf(sh`echo 'it'\\''s ${'a b'}' ${'c d'}`)).toEqual(['echo', "it's a b", 'c d'])
})

test('a command is part of another as it is, and quoted once more where the shell of a node reads it', () => {
  const allocate = sh`"$(${sh`printf %s ${'a b'}`})"`
  expect(wordsOf(sh`associate --allocation-id ${allocate}`)).toEqual(['associate', '--allocation-id', 'a b'])
  expect(sh`ssh ${'n1'} sudo ${remotely(sh`ip link set ${'eth0'} up`)}`).toEqual({
    line: 'ssh n1 sudo ip link set eth0 up',
  })
  const [, , , remote = ''] = wordsOf(sh`ssh ${'n1'} sudo ${remotely(sh`ip link set ${'br 0'} up`)}`)
  expect(wordsOf({ line: remote })).toEqual(['ip', 'link', 'set', 'br 0', 'up'])
})

describe('a value that no name could be makes no command, and it is said why', () => {
  const refused: readonly [string, ShellValue, string][] = [
    ['a command in quotes', `';touch /tmp/x;$(id)#`, "“';touch /tmp/x;$(id)#” holds ', which no name does"],
    ['a substitution', '$(id)', '“$(id)” holds $, which no name does'],
    ['an old substitution', '`id`', '“`id`” holds `, which no name does'],
    ['history', 'a!!', '“a!!” holds !, which no name does'],
    ['a backslash', 'a\\', '“a\\” holds \\, which no name does'],
    [
      'an option',
      '-oProxyCommand=id',
      '“-oProxyCommand=id” begins with a dash, and a command would take it for an option',
    ],
    ['an option in a list', ['a', '--all'], '“--all” begins with a dash, and a command would take it for an option'],
    ['a line end', 'a\nid', '“a\\x0aid” holds characters that cannot be seen'],
    ['an escape', 'a\u001B]0;x\u0007', '“a\\x1b]0;x\\x07” holds characters that cannot be seen'],
    ['text turned round', 'a\u202Eb', '“a\\u202eb” holds characters that cannot be seen'],
    ['nothing between letters', 'a\u200Bb', '“a\\u200bb” holds characters that cannot be seen'],
    ['no name', '', '“” stands where a name should be'],
    ['what was not read', undefined, 'a name that the command needs is not in the evidence'],
    [
      'a name of 5,000 letters',
      'a'.repeat(5000),
      `“${'a'.repeat(60)}… (5000 characters)” has 5000 characters: no name is so long`,
    ],
    ['a part that was refused', sh`get ${'-x'}`, '“-x” begins with a dash, and a command would take it for an option'],
    ['a word of several, inside quotes', sh`"$(get ${'a b'})"`, '“a b” cannot stand inside quotes'],
    ['an escape in our own text', word('\u001B[2J'), '“\\x1b[2J” holds characters that cannot be seen'],
  ]
  test.each(refused)('%s', (_, value, why) => {
    expect(refusalOf(sh`kubectl get ${value}`)).toBe(why)
  })
})

test('a dash inside a word is no option', () => {
  expect(sh`--name=${'-x'} a${'-b'}`).toEqual({ line: '--name=-x a-b' })
})
