import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { commandsIn, printedLines, writtenLines } from '../kit/printed-commands.ts'
import { describeNeeding } from '../kit/needing.ts'
import { hasTool, tool } from './tools.ts'

// Every command that a report prints, read by the program that it is for: no flag that it has not, and no word in a place where none belongs.

type Argv = readonly string[]

let printed: readonly Argv[] = []
let written: readonly Argv[] = []
beforeAll(async () => {
  printed = commandsIn(await printedLines())
  written = commandsIn(writtenLines())
}, 300_000)

const of = (program: RegExp, commands: readonly Argv[]): readonly Argv[] =>
  commands.filter(([name = '']) => program.test(name))

function ran(program: string, argv: Argv) {
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}

/** Those that a program refuses, with its words. */
const refused = (commands: readonly Argv[], complaint: (argv: Argv) => string | null): readonly string[] =>
  commands.flatMap((argv) => {
    const why = complaint(argv)
    return why === null ? [] : [`${argv.join(' ')}\n  ${why.trim().split('\n').slice(0, 3).join('\n  ')}`]
  })

test('lines are read as a shell reads them', () => {
  expect(
    commandsIn([
      `ssh -t -o 'A=b c' n "sudo sh -c 'ip rule' | grep 'x y'"`,
      'aws a --b "$(aws c)"',
      "kubectl get x -o 'jsonpath={.a}' | xargs -n 1 openstack port show",
    ]),
  ).toEqual([
    ['aws', 'a', '--b', ''],
    ['aws', 'c'],
    ['grep', 'x y'],
    ['ip', 'rule'],
    ['kubectl', 'get', 'x', '-o', 'jsonpath={.a}'],
    ['openstack', 'port', 'show'],
  ])
})

/** `kubectl VERB … --help` parses all of its flags first, and asks nobody. */
function kubectlSays([, ...argv]: Argv): string | null {
  const inPod = argv.indexOf('--')
  const own = inPod === -1 ? argv : argv.slice(0, inPod)
  const { status, stdout, stderr } = ran(tool('kubectl'), [...own, '--help'])
  const usage = /^Usage:\n {2}kubectl (\S+)/m.exec(stdout)?.[1]
  return status === 0 && usage !== undefined && argv.includes(usage) ? null : stderr || 'no such command'
}

const kubectl = hasTool('kubectl') ? describe : describe.skip
kubectl('kubectl', () => {
  test('takes what is printed of any case', () => {
    const commands = of(/^kubectl$/, printed)
    expect(commands.length).toBeGreaterThan(20)
    expect(refused(commands, kubectlSays)).toEqual([])
  }, 300_000)
  test('takes what can be printed at all', () => {
    const commands = of(/^kubectl$/, written)
    expect(commands.length).toBeGreaterThan(60)
    expect(refused(commands, kubectlSays)).toEqual([])
  }, 300_000)
  test('refuses what it has not', () => {
    expect(kubectlSays(['kubectl', 'get', 'pods', '--bogus'])).toContain('unknown flag')
    expect(kubectlSays(['kubectl', 'gte', 'pods'])).toContain('unknown command')
  })
})

/** With a skeleton as output the arguments are judged by the API's own model, and nobody is asked. */
function awsSays([, ...argv]: Argv): string | null {
  const asked = ['--region', 'us-east-1', ...argv, '--generate-cli-skeleton', 'output']
  const { status, stderr } = ran(tool('python/bin/aws'), asked)
  return status === 0 ? null : stderr.replace(/^usage:.*\n/, '').trim()
}

const aws = hasTool('python/bin/aws') ? describe : describe.skip
aws('aws', () => {
  test('takes what is printed of any case, with its values', () => {
    const commands = of(/^aws$/, printed)
    expect(commands.length).toBeGreaterThan(5)
    expect(refused(commands, awsSays)).toEqual([])
  }, 300_000)
  test('knows every call and option that can be printed at all', () => {
    const commands = of(/^aws$/, written).filter(([, , call = '']) => !call.includes('X'))
    expect(commands.length).toBeGreaterThan(8)
    // X is a value here, or several options.
    const unknown = (argv: Argv): string | null => {
      const why = awsSays(argv)
      const options = /Unknown options: (.*)/.exec(why ?? '')?.[1]?.split(', ') ?? []
      return options.some((one) => !one.includes('X')) || /[Ii]nvalid choice|are required/.test(why ?? '') ? why : null
    }
    expect(refused(commands, unknown)).toEqual([])
  }, 600_000)
  test('refuses what it has not', () => {
    expect(awsSays(['aws', 'ec2', 'describe-vpcs', '--bogus', 'x'])).toContain('Unknown options')
  }, 60_000)
})

/** In a network of its own, where nothing that it names is there. */
const inNothing = (argv: Argv) => ran('unshare', ['--net', '--', ...argv])

describeNeeding(
  'root',
  'unshare',
  'ip',
  'ss',
  'iptables',
  'nft',
)('what runs on a node', () => {
  const grammars: readonly (readonly [program: RegExp, wrong: RegExp])[] = [
    [/^ip$/, /is unknown|garbage|Usage:|unknown option|is expected|duplicate|wrong:/i],
    [/^ss$/, /Usage:|invalid option|unrecognized|Error:/i],
    [/^ip6?tables(-nft|-legacy)?(-save)?$/, /unknown option|bad argument|invalid|unrecognized|Couldn't load|you need/i],
    [/^nft$/, /syntax error|unexpected|conflicting/i],
  ]
  const says =
    (wrong: RegExp) =>
    (argv: Argv): string | null => {
      const { stderr } = inNothing(argv)
      return wrong.test(stderr) ? stderr : null
    }
  test.each(grammars)('%s takes what is printed of any case', (program, wrong) => {
    expect(refused(of(program, printed), says(wrong))).toEqual([])
  })
  test('and refuses what it has not', () => {
    const bogus = [
      ['ip', 'route', 'get', '10.0.0.1', 'bogus'],
      ['ss', '--bogus'],
      ['iptables', '-t', 'nat', '-A', 'PREROUTING', '--bogus'],
      ['nft', 'insert', 'rule', 'inet', 'a', 'b', 'bogus'],
    ]
    const refusals = grammars.map(([, wrong], at) => says(wrong)(bogus[at] ?? []))
    expect(refusals).not.toContain(null)
  })
  test('and something of it is printed', () => {
    for (const program of [/^ip$/, /^iptables/]) expect(of(program, printed)).not.toEqual([])
  })
})
