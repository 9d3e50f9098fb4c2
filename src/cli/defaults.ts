import type { Config } from '@oclif/core'
import { UserError } from '../evidence/user-error.ts'
import { parseYaml } from '../evidence/yaml.ts'
import { didYouMean } from '../net/nearest.ts'
import { describedCommands, type Described, type DescribedFlag } from './described.ts'
import { usualFile } from './accept-file.ts'
import { mostOfSettings, namedFile } from './named-file.ts'

/** Only commands that judge take defaults: what others print is piped to kubectl. */
const commands = ['check', 'collect', 'trace', 'capture arp', 'capture ndp', 'capture bgp']

/** What a file that lies in a folder may not set: it could run a program, write a file, send something, or make pods by it. */
const neverByFile = new Set([
  'kubeconfig',
  'ssh-option',
  'node-image',
  'node-output',
  'output-file',
  'save-bundle',
  'force',
  'fix-script',
  'write',
  'probe',
  'capture',
  'accept',
])
const madeByFile = 'pod'

/** A value for a flag, and where it was written. */
interface Default {
  readonly place: string
  readonly values: readonly string[]
}

/**
 * The arguments of a command with the defaults of the user in front: for each flag that is not given, `VIPDOCTOR_FLAG_NAME`, else
 * `defaults` in .vipdoctor.yaml. A default goes to the commands that have the flag and take the value; beside `--bundle` none says how a
 * cluster is read.
 *
 * @throws UserError for a default that no command can have, with its place.
 */
export function withDefaults(
  config: Config,
  id: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const all = describedCommands(config)
    .filter(({ name }) => commands.includes(name))
    // The other commands' --output is a format, and that of collect a place.
    .map((command) => (command.name === 'collect' ? withoutOutput(command) : command))
  const own = all.find(({ name }) => name === id.replaceAll(':', ' '))?.flags ?? []
  const names = new Set(all.flatMap(({ flags }) => flags.map(({ name }) => name)))
  const byFile = defaultsOfFile(names)
  const found = new Map<string, Default>()
  for (const name of names) {
    const variable = `VIPDOCTOR_${name.toUpperCase().replaceAll('-', '_')}`
    const text = env[variable]
    const one = text === undefined || text === '' ? byFile.get(name) : { place: variable, values: [text] }
    if (one !== undefined) found.set(name, one)
  }
  for (const [name, { place, values }] of found) {
    // Its own flag first: what is said of the value is said of that one.
    const flags = [...own, ...all.flatMap((command) => command.flags)].filter((flag) => flag.name === name)
    for (const value of values) {
      const why = flags.map((flag) => misfit(flag, value))
      if (!why.includes(null)) throw new UserError(`${place} is ${JSON.stringify(value)}, which is ${why[0] ?? ''}.`)
    }
  }
  const isGiven = ({ name, char }: DescribedFlag): boolean =>
    argv.some(
      (word) =>
        word === `--${name}` ||
        word.startsWith(`--${name}=`) ||
        (char !== null && /^-[a-z]/i.test(word) && word.startsWith(`-${char}`)),
    )
  const closed =
    argv.some((word) => /^--(bundle|read)(=|$)/.test(word)) ||
    (found.has('bundle') && own.some(({ name }) => name === 'bundle'))
  return [
    ...own.flatMap((flag) => {
      const values = found.get(flag.name)?.values ?? []
      if (isGiven(flag) || (closed && isLive(flag)) || values.some((value) => misfit(flag, value) !== null)) return []
      if (flag.value === null) return values.includes('true') || values.includes('1') ? [`--${flag.name}`] : []
      return values.map((value) => `--${flag.name}=${value}`)
    }),
    ...argv,
  ]
}

const withoutOutput = (command: Described): Described => ({
  ...command,
  flags: command.flags.filter(({ name }) => name !== 'output'),
})

/** Flags that say how a cluster is read, a node is reached, or where is listened. */
const isLive = ({ name, group }: DescribedFlag): boolean =>
  group === 'LIVE' || ['interface', 'node', 'source'].includes(name)

/** Why a flag cannot have a value; null where it can. */
function misfit({ value: takes, options, integer }: DescribedFlag, value: string): string | null {
  if (takes === null) return /^(true|false|0|1)$/.test(value) ? null : 'neither true nor false'
  if (integer && !/^\d+$/.test(value)) return 'no whole number'
  return options.length === 0 || options.includes(value) ? null : `none of ${options.join(', ')}`
}

const example = `For example:
defaults:
  nodes: ssh
  ssh-user: admin`

function defaultsOfFile(names: ReadonlySet<string>): ReadonlyMap<string, Default> {
  const bytes = namedFile(usualFile, mostOfSettings)
  if (bytes === null) return new Map()
  const yaml = parseYaml(bytes.toString())
  if ('error' in yaml) throw new UserError(`${usualFile} is no YAML: ${yaml.error}.`)
  const defaults = (yaml.value as { readonly defaults?: unknown } | null)?.defaults ?? {}
  if (typeof defaults !== 'object' || Array.isArray(defaults))
    throw new UserError(`${usualFile}: defaults is no map.`, example)
  return new Map(
    Object.entries(defaults as Readonly<Record<string, unknown>>).map(([name, value]): [string, Default] => {
      const place = `${usualFile}: defaults, ${name}`
      if (!names.has(name)) throw new UserError(`${place}: there is no such flag.`, didYouMean(name, names))
      const values = (Array.isArray(value) ? value : [value]).map((one: unknown) => {
        if (!['string', 'number', 'boolean'].includes(typeof one))
          throw new UserError(`${place} is no text, number, true or false.`, example)
        return String(one)
      })
      if (neverByFile.has(name) || (name === 'nodes' && values.includes(madeByFile)))
        throw new UserError(
          `${place} may not stand in a file: by it a folder that somebody else wrote could run programs, write files or make pods.`,
          `Set it by VIPDOCTOR_${name.toUpperCase().replaceAll('-', '_')}, or type it.`,
        )
      return [name, { place, values }]
    }),
  )
}
