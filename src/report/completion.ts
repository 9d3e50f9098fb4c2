/** What completion needs of a command: `name` with blanks, `words` what its argument may be where that is known. */
export interface Completed {
  readonly name: string
  readonly summary: string
  readonly words: readonly string[]
  readonly flags: readonly {
    readonly name: string
    readonly char: string | null
    readonly description: string
    readonly value: string | null
    readonly options: readonly string[]
  }[]
}

type Flag = Completed['flags'][number]

/** The shells for which there is a script. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script that completes `vipdoctor` in a shell; it needs nothing at run time, and starts no program at a TAB. */
export function completionScript(shell: Shell, commands: readonly Completed[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands)
}

/** Flags whose value is a file: their help says so. */
const isFile = ({ value }: Flag): boolean => value !== null && /PATH$|FILE$/.test(value)

/** The first words, and those behind each first word that is a topic. */
function topics(commands: readonly Completed[]): ReadonlyMap<string, readonly Completed[]> {
  const found = new Map<string, Completed[]>()
  for (const command of commands) {
    const [first = ''] = command.name.split(' ')
    found.set(first, [...(found.get(first) ?? []), command])
  }
  return found
}

const topicSummary = (first: string, commands: readonly Completed[]): string =>
  commands.length === 1 && commands[0]?.name === first
    ? commands[0].summary
    : commands.map(({ name }) => name.slice(first.length + 1)).join(', ')

const names = ({ name, char }: Flag): readonly string[] => [`--${name}`, ...(char === null ? [] : [`-${char}`])]

const bashWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

function bashScript(commands: readonly Completed[]): string {
  const firsts = topics(commands)
  const groups = [...firsts].filter(([first, own]) => own[0]?.name !== first)
  const values = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ value }) => value !== null)
      .map((flag) => {
        const cases = names(flag)
          .map((one) => bashWord(`${name} ${one}`))
          .join('|')
        return isFile(flag)
          ? `    ${cases}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`
          : `    ${cases}) COMPREPLY=($(compgen -W ${bashWord(flag.options.join(' '))} -- "$cur")); return ;;`
      }),
  )
  const own = commands.map(({ name, flags, words }) => {
    const all = [...flags.flatMap(names), '--help', ...words].join(' ')
    return `    ${bashWord(name)}) COMPREPLY=($(compgen -W ${bashWord(all)} -- "$cur")) ;;`
  })
  return `# bash completion of vipdoctor: source it, or write it to ~/.local/share/bash-completion/completions/vipdoctor
_vipdoctor() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=\${COMP_WORDS[1]}
  # "--output=js" is three words to bash.
  if [ "$cur" = = ]; then cur=''; elif [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${bashWord([...firsts.keys(), 'help'].join(' '))} -- "$cur"))
    return
  fi
  case $at in
${groups.map(([first, all]) => `    ${first}) if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W ${bashWord(all.map(({ name }) => name.slice(first.length + 1)).join(' '))} -- "$cur")); return; fi; at="$at \${COMP_WORDS[2]}" ;;`).join('\n')}
    help) COMPREPLY=($(compgen -W ${bashWord([...firsts.keys()].join(' '))} -- "$cur")); return ;;
  esac
  case "$at $prev" in
${values.join('\n')}
  esac
  case $at in
${own.join('\n')}
  esac
}
complete -F _vipdoctor vipdoctor
`
}

/** Inside \`[…]\` of _arguments and before its colons. */
const zshText = (text: string): string => text.replace(/[[\]\\:]/g, '\\$&').replaceAll("'", '’')

function zshFlag(flag: Flag): string {
  const action = isFile(flag) ? ':_files' : flag.options.length === 0 ? ': ' : `:(${flag.options.join(' ')})`
  const value = flag.value === null ? '' : `:${zshText(flag.value)}${action}`
  return names(flag)
    .map((name) => `'*${name}[${zshText(flag.description)}]${value}'`)
    .join(' ')
}

function zshScript(commands: readonly Completed[]): string {
  const firsts = topics(commands)
  const groups = [...firsts].filter(([first, own]) => own[0]?.name !== first)
  const described = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([name, summary]) => `'${name}:${zshText(summary)}'`).join(' ')
  const own = commands.map(({ name, flags, words }) => {
    const target = words.length === 0 ? `'*:target: '` : `'*:name:(${words.join(' ')})'`
    return `    ${name.replace(' ', '\\ ')}) _arguments -s ${flags.map(zshFlag).join(' ')} '--help[help]' ${target} ;;`
  })
  return `#compdef vipdoctor
# zsh completion of vipdoctor: source it behind compinit, or write it to a folder of fpath as _vipdoctor
_vipdoctor() {
  local at=$words[2]
  local -a firsts
  firsts=(${described([...firsts].map(([first, all]) => [first, topicSummary(first, all)] as const))} 'help:help of a command')
  if (( CURRENT == 2 )); then _describe command firsts; return; fi
  case $at in
${groups.map(([first, all]) => `    ${first}) firsts=(${described(all.map(({ name, summary }) => [name.slice(first.length + 1), summary] as const))}); if (( CURRENT == 3 )); then _describe command firsts; return; fi; at="$at $words[3]"; shift words; (( CURRENT-- )) ;;`).join('\n')}
    help) _describe command firsts; return ;;
  esac
  shift words; (( CURRENT-- ))
  case $at in
${own.join('\n')}
  esac
}
if [ "$funcstack[1]" = _vipdoctor ]; then _vipdoctor "$@"; else compdef _vipdoctor vipdoctor; fi
`
}

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function fishScript(commands: readonly Completed[]): string {
  const firsts = topics(commands)
  const groups = [...firsts].filter(([first, own]) => own[0]?.name !== first)
  const line = (when: string, rest: string) => `complete -c vipdoctor -n ${fishText(when)} ${rest}`
  const seen = (name: string) =>
    name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
  return [
    '# fish completion of vipdoctor: write it to ~/.config/fish/completions/vipdoctor.fish',
    'complete -c vipdoctor -f',
    ...[...firsts].map(([first, all]) =>
      line('__fish_use_subcommand', `-a ${first} -d ${fishText(topicSummary(first, all))}`),
    ),
    line('__fish_use_subcommand', `-a help -d ${fishText('help of a command')}`),
    ...groups.flatMap(([first, all]) => {
      const seconds = all.map(({ name }) => name.slice(first.length + 1))
      const open = `${seen(first)}; and not __fish_seen_subcommand_from ${seconds.join(' ')}`
      return all.map(({ summary }, at) => line(open, `-a ${seconds[at] ?? ''} -d ${fishText(summary)}`))
    }),
    ...commands.flatMap(({ name, flags, words }) => [
      ...(words.length === 0 ? [] : [line(seen(name), `-a ${fishText(words.join(' '))}`)]),
      ...flags.map((flag) => {
        const value =
          flag.value === null
            ? ''
            : isFile(flag)
              ? ' -r -F'
              : ` -x${flag.options.length === 0 ? '' : ` -a ${fishText(flag.options.join(' '))}`}`
        return line(
          seen(name),
          `-l ${flag.name}${flag.char === null ? '' : ` -s ${flag.char}`}${value} -d ${fishText(flag.description)}`,
        )
      }),
    ]),
    '',
  ].join('\n')
}
