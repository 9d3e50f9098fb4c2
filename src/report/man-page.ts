import { hops } from '../checks/hop.ts'
import { hopWords } from './hop-words.ts'

/** What a manual page says of a command. */
export interface Paged {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly args: readonly { readonly name: string; readonly description: string; readonly required: boolean }[]
  readonly flags: readonly {
    readonly name: string
    readonly char: string | null
    readonly description: string
    readonly value: string | null
    readonly options: readonly string[]
    readonly byDefault: string | null
  }[]
  readonly examples: readonly string[]
}

/** The manual page `vipdoctor(1)` in the macros of man(7), from what the commands say of themselves in help. */
export function manPage(commands: readonly Paged[], version: string): string {
  return [
    `.TH VIPDOCTOR 1 "" "vipdoctor ${version}" "User Commands"`,
    '.SH NAME',
    'vipdoctor \\- say why nobody can reach a Kubernetes VIP',
    '.SH SYNOPSIS',
    '.B vipdoctor',
    '.I COMMAND',
    '[\\fIARGUMENT\\fR ...] [\\fIFLAG\\fR ...]',
    '.SH DESCRIPTION',
    roff(
      'vipdoctor gathers what is known about a VIP, walks one packet along its path, names the first place where the packet dies, proves it, and prints the command that mends it. It only reads.',
    ),
    '.PP',
    'The hops of that path:',
    ...hops.flatMap((hop) => entry(`\\fB${hop}\\fR`, hopWords[hop].means)),
    '.SH COMMANDS',
    ...commands.flatMap(commandText),
    '.SH EXIT STATUS',
    ...exitStatus.flatMap(([code, means]) => entry(`\\fB${code}\\fR`, means)),
    '.SH FILES',
    ...entry('\\fI.vipdoctor.yaml\\fR', 'Findings that are accepted, and defaults of flags.'),
    '.SH SEE ALSO',
    'kubectl(1), aws(1), tcpdump(8), nft(8), iptables(8)',
    '',
  ].join('\n')
}

const exitStatus: readonly (readonly [string, string])[] = [
  ['0', 'Every VIP is reachable.'],
  ['1', 'Unreachable: a cause was found for at least one VIP.'],
  ['2', 'Usage or bad input.'],
  ['3', 'Inconclusive: something that could stop a packet could not be read.'],
  ['4', 'A bug in vipdoctor.'],
]

function commandText({ name, summary, description, args, flags, examples }: Paged): readonly string[] {
  const usage = args.map((arg) => (arg.required ? arg.name : `[${arg.name}]`))
  return [
    `.SS "${['vipdoctor', name, ...usage].join(' ')}"`,
    roff(summary),
    ...description
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => ['.PP', roff(line)]),
    ...args.flatMap((arg) => entry(`\\fI${arg.name}\\fR`, arg.description)),
    ...flags.flatMap((flag) => entry(flagText(flag), flagMeans(flag))),
    ...(examples.length === 0
      ? []
      : ['.PP', 'Examples:', '.PP', '.nf', '.RS 4', ...examples.map((one) => roff(exampleOf(one))), '.RE', '.fi']),
  ]
}

const exampleOf = (text: string): string => text.replaceAll('<%= config.bin %>', 'vipdoctor')

const flagText = ({ name, char, value }: Paged['flags'][number]): string =>
  [
    ...(char === null ? [] : [`\\fB\\-${char}\\fR, `]),
    `\\fB\\-\\-${name.replaceAll('-', '\\-')}\\fR`,
    ...(value === null ? [] : [` \\fI${roff(value)}\\fR`]),
  ].join('')

function flagMeans({ description, options, byDefault }: Paged['flags'][number]): string {
  const one = options.length === 0 ? '' : ` One of ${options.join(', ')}.`
  const usual = byDefault === null ? '' : ` Default: ${byDefault}.`
  return `${description.charAt(0).toUpperCase()}${description.slice(1).replace(/\.$/, '')}.${one}${usual}`
}

const entry = (head: string, text: string): readonly string[] => ['.TP', head, roff(text)]

/** Text in which roff sees no command: backslashes, dashes that are typed, and a line's first dot or quote. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
