import { pathHops, type PathHop } from '../../checks/hop.ts'
import type { Diagnosis } from '../../diagnosis/diagnosis.ts'
import { targetText } from '../../diagnosis/title.ts'
import { sh, type Command } from '../../net/shell.ts'
import { inWords, startOf } from '../../net/words.ts'
import { asTyped } from '../access.ts'
import { hopWords } from '../hop-words.ts'
import { holdsOf, printedBy } from '../node-files.ts'
import type { Look } from '../paint.ts'
import { withFlags, type Reading } from '../reading.ts'
import { wrap } from '../wrap.ts'
import { missingFor, type Missing } from './missing.ts'

/** What to read next, the thing that decides first in front: each with the command of this user. */
export function nextSteps(diagnosis: Diagnosis, reading: Reading, look: Look): string[] {
  const missing = missingFor(diagnosis)
  if (missing.length === 0) return []
  return [
    `  ${look.paint.bold('To know more, in this order:')}`,
    ...missing.flatMap((one, index) => stepLines(one, `  ${String(index + 1)}. `, diagnosis, reading, look)),
    ...(missing.some(needsScript) ? beside('No ssh? One script by hand:', script, look, '     ') : []),
  ]
}

/** Whole nodes, or files of them that no one command prints or that are on too many nodes. */
const needsScript = ({ of, name, nodes, look }: Missing): boolean =>
  of === 'node' ||
  (of === 'file' && (nodes.length > namedNodes || (printedBy('NODE', name) === null && look.length === 0)))

function stepLines(missing: Missing, number: string, diagnosis: Diagnosis, reading: Reading, look: Look): string[] {
  const indent = ' '.repeat(number.length)
  const lines = (commands: readonly Command[]): readonly string[] =>
    commands.flatMap((command) => ('line' in command ? [`${indent}  ${look.paint.cyan(command.line)}`] : []))
  const { of, name, nodes, hops, unread } = missing
  if (of === 'sentence')
    return [...wrap(name, look.width, indent, number), ...lines(missing.look.map((line) => ({ line })))]
  const reasons = [...new Set(unread.map(({ reason }) => reason))]
  const [reason = ''] = reasons
  const more = reasons.length > 1 ? `, and ${String(reasons.length - 1)} more reasons` : ''
  const judged = inWords(hops.toSorted((one, other) => pathHops.indexOf(one) - pathHops.indexOf(other)).map(hopText))
  const { holds, note } = holdsOf(name)
  const which = of === 'file' && holds !== name ? `${name}: ` : ''
  const lacking = of === 'file' && reasons.every(isOfTool) && printedBy('NODE', name) !== null
  const aside = [...(of === 'file' && note !== null ? [note] : []), ...(lacking ? [podsBringIt] : [])]
    .map((each) => `; ${each}`)
    .join('')
  const why = unasked(missing, reading) ? '' : ` (${which}${reason}${more}${aside})`
  const several = of === 'node' ? nodes.length > 1 : holds !== name
  const what =
    of === 'file'
      ? `${startOf(holds)} of ${inWords(nodes)}`
      : of === 'node'
        ? nodesText(nodes, diagnosis.nodesRead)
        : nameOf(name)
  const commands =
    of === 'file'
      ? lacking
        ? [byPods(diagnosis, reading)]
        : forFile(missing, reading)
      : commandsFor(
          { place: of === 'node' ? 'nodes' : name, sources: unread.map(({ source }) => source) },
          diagnosis,
          reading,
        )
  return [
    ...wrap(`${what}${why}: ${several ? 'judge' : 'judges'} ${judged}`, look.width, indent, number),
    ...lines(commands),
  ]
}

/** `delivery (who gets the packet)`; nothing in brackets where the name says it. */
const hopText = (hop: PathHop): string => (hop === 'assignment' ? hop : `${hop} (${hopWords[hop].short})`)

const nameOf = (place: string): string => (place === 'aws' ? 'AWS' : place === 'kubernetes' ? 'Kubernetes' : place)

/** Nodes that nobody asked to be read need no other reason. */
const unasked = ({ of }: Missing, reading: Reading): boolean =>
  of === 'node' && reading.from === 'live' && reading.nodes === 'none'

const nodesText = (names: readonly string[], read: readonly string[]): string =>
  `${names.every((name) => read.includes(name)) ? 'More of' : names.length === 1 ? 'Node' : 'Nodes'} ${inWords(names)}`

const script = 'vipdoctor collect --print-node-script'

/** A command behind the words that name it; below them where a line has no room for both, since commands are never broken. */
export function beside(words: string, command: string, look: Look, indent: string): readonly string[] {
  const line = look.paint.cyan(command)
  return indent.length + words.length + 1 + command.length <= look.width
    ? [`${indent}${words} ${line}`]
    : [`${indent}${words}`, `${indent}  ${line}`]
}

/** So many missing files are named by their commands; a collection reads more at once. */
const namedFiles = 3

/** On so many nodes a file is printed by a command for each; the node script prints all of it. */
const namedNodes = 4

/** What this user types to read what is missing of a place; of all VIPs where `diagnosis` is null. */
export function commandsFor(
  { place, sources }: { readonly place: string; readonly sources: readonly string[] },
  diagnosis: Diagnosis | null,
  reading: Reading,
): readonly Command[] {
  const node = place === 'nodes'
  if (reading.from === 'bundle') return node ? [] : byFile(sources, reading.path)
  const target = diagnosis === null ? [] : [targetText(diagnosis.question)]
  const check = withFlags(sh`vipdoctor check ${target}`, reading.flags)
  const user = reading.flags.some(([name]) => name === 'ssh-user') ? sh`` : sh` --ssh-user USER`
  if (node) return reading.nodes === 'none' ? [sh`${check} --nodes ssh${user}`] : []
  if (place === 'aws') return reading.region === null ? [sh`${check} --region REGION`] : [sh`vipdoctor policy --aws`]
  if (place !== 'kubernetes') return []
  // Whether kubectl gets an answer where we got none.
  return [{ line: asTyped('kubectl get services -A', reading.access) }, sh`vipdoctor policy --kubernetes`]
}

/** What prints a file of nodes that were read, into the bundle that lacks it; of a live node it shows why nothing came. */
function forFile({ name, nodes, look }: Missing, reading: Reading): readonly Command[] {
  const own = nodes.slice(0, namedNodes).flatMap((node) => {
    const command = printedBy(node, name)
    if (command === null) return []
    if (reading.from === 'bundle') return [sh`${command} > ${folderOf(reading.path)}/nodes/${node}/${name}`]
    return 'line' in command ? [{ line: asTyped(command.line, reading.access) }] : [command]
  })
  return own.length > 0 ? own : look.map((line) => ({ line }))
}

/** Whether a file is missing for want of the tool that prints it: its command would fail for the user, too. */
const isOfTool = (reason: string): boolean => reason.endsWith(' is not installed')

const podsBringIt = 'the pods of --nodes pod bring it with them'

/** Reads nodes by pods, whose image has the tools. */
function byPods(diagnosis: Diagnosis, reading: Reading): Command {
  const target = targetText(diagnosis.question)
  if (reading.from === 'bundle') return sh`vipdoctor check ${target} --nodes pod`
  const flags = reading.flags.filter(([name]) => !name.startsWith('nodes') && !name.startsWith('ssh-'))
  return sh`${withFlags(sh`vipdoctor check ${target}`, flags)} --nodes pod`
}

/** The folder of a bundle; for an archive a word in its place. */
const folderOf = (bundle: string): string =>
  /\.(?:gz|json|ya?ml)$/i.test(bundle) ? 'BUNDLE' : bundle.replace(/\/$/, '')

/** The ordinary commands whose output a bundle lacks, into folders that it may lack, too. */
function byFile(sources: readonly string[], bundle: string): readonly Command[] {
  const folder = folderOf(bundle)
  const files = sources.slice(0, namedFiles).flatMap((source) => {
    const [, root = '', name = ''] = /^(aws|kubernetes)\/([\w.-]+)\.json$/.exec(source) ?? []
    if (root === 'aws' && /^describe-[a-z-]+$/.test(name))
      return [{ root, command: sh`aws ec2 ${name} --output json > ${folder}/${source}` }]
    if (root === 'kubernetes') return [{ root, command: sh`kubectl get ${name} -A -o json > ${folder}/${source}` }]
    return []
  })
  const folders = [...new Set(files.map(({ root }) => `${folder}/${root}`))]
  return [...folders.map((one) => sh`mkdir -p ${one}`), ...files.map(({ command }) => command)]
}
