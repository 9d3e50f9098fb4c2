import type { Finding, Unread } from '../../checks/finding.ts'
import { pathHops, type PathHop } from '../../checks/hop.ts'
import type { Diagnosis, PathStep } from '../../diagnosis/diagnosis.ts'
import { targetText } from '../../diagnosis/title.ts'
import { sh, type Command } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { asTyped } from '../access.ts'
import { hopWords } from '../hop-words.ts'
import type { Look } from '../paint.ts'
import { withFlags, type Reading } from '../reading.ts'
import { wrap } from '../wrap.ts'

/** Evidence from one place that is missing, the hops that it would settle, and why it is missing. */
interface Missing {
  /** `aws`, `kubernetes`, `captures`, `nodes/NAME` (several with blanks between); or a sentence where no evidence is missing that could be named. */
  readonly place: string
  readonly hops: PathHop[]
  readonly unread: Map<string, Unread>
  /** What the finding itself says to look at. */
  readonly look: readonly string[]
}

/** What to read next, the thing that decides first in front: each with the command of this user. */
export function nextSteps(diagnosis: Diagnosis, reading: Reading, look: Look): string[] {
  const missing = joinedNodes(missingFor(diagnosis))
  if (missing.length === 0) return []
  return [
    `  ${look.paint.bold('To know more, in this order:')}`,
    ...missing.flatMap((one, index) => stepLines(one, `  ${String(index + 1)}. `, diagnosis, reading, look)),
    ...(missing.some(({ place }) => place.startsWith('nodes/'))
      ? beside('No ssh? One script by hand:', script, look, '     ')
      : []),
  ]
}

/** Nodes are read by one command, so they are one step, at the place of the first. */
function joinedNodes(missing: readonly Missing[]): readonly Missing[] {
  const [first, ...others] = missing.filter(({ place }) => place.startsWith('nodes/'))
  if (first === undefined) return missing
  const all: Missing = {
    place: [first, ...others].map(({ place }) => place).join(' '),
    hops: [...new Set([first, ...others].flatMap(({ hops }) => hops))],
    unread: new Map([first, ...others].flatMap(({ unread }) => [...unread])),
    look: [...new Set([first, ...others].flatMap(({ look }) => look))],
  }
  return missing.flatMap((one) => (one === first ? [all] : others.includes(one) ? [] : [one]))
}

/** Where the hops that are not known want for evidence, what decides first in front. */
function missingFor({ path, findings, question, receiving }: Diagnosis): readonly Missing[] {
  const found = new Map<string, Missing>()
  // On EC2 nothing is delivered but to the owner of the VIP, whoever announces it; elsewhere hop follows hop.
  const isFirst = ({ hop }: PathStep): boolean => question.fabric === 'ec2' && hop === 'delivery'
  const open = path.filter(({ status }) => status === 'unknown')
  for (const step of [...open.filter(isFirst), ...open.filter((one) => !isFirst(one))]) {
    const unknown = findings.filter(({ id, status }) => id === step.id && status === 'unknown')
    for (const { place, unread, look } of unknown.flatMap(wants)) {
      const known = found.get(place) ?? { place, hops: [], unread: new Map<string, Unread>(), look }
      found.set(place, known)
      if (!known.hops.includes(step.hop)) known.hops.push(step.hop)
      if (unread !== null) known.unread.set(unread.source, unread)
    }
  }
  // The packet enters at the announcer's node, and meets the others after it.
  const entry = receiving.nodes.map((node) => `nodes/${node}`)
  const isEntry = ({ place }: Missing): boolean => entry.includes(place)
  const missing = [...found.values()]
  const nodes = missing.filter(({ place }) => place.startsWith('nodes/'))
  const ordered = [...nodes.filter(isEntry), ...nodes.filter((one) => !isEntry(one))]
  return missing.map((one) => (nodes.includes(one) ? (ordered.shift() ?? one) : one))
}

interface Want {
  readonly place: string
  readonly unread: Unread | null
  readonly look: readonly string[]
}

function wants({ gaps = [], says, look }: Finding): readonly Want[] {
  if (gaps.length === 0) return [{ place: says, unread: null, look }]
  return gaps.map((unread) => {
    const [root = '', node = ''] = unread.source.split('/')
    return { place: root === 'nodes' ? `nodes/${node}` : root, unread, look: [] }
  })
}

function stepLines(missing: Missing, number: string, diagnosis: Diagnosis, reading: Reading, look: Look): string[] {
  const indent = ' '.repeat(number.length)
  const { place, hops, unread } = missing
  if (unread.size === 0)
    return [
      ...wrap(place, look.width, indent, number),
      ...missing.look.map((line) => `${indent}  ${look.paint.cyan(line)}`),
    ]
  const reasons = [...new Set([...unread.values()].map(({ reason }) => reason))]
  const [reason = ''] = reasons
  const more = reasons.length > 1 ? `, and ${String(reasons.length - 1)} more reasons` : ''
  const judged = inWords(hops.toSorted((one, other) => pathHops.indexOf(one) - pathHops.indexOf(other)).map(hopText))
  const why = unasked(place, reading) ? '' : ` (${reason}${more})`
  const commands = commandsFor({ place, sources: [...unread.keys()] }, diagnosis, reading)
  return [
    ...wrap(
      `${nameOf(place)}${why}: ${place.includes(' ') ? 'judge' : 'judges'} ${judged}`,
      look.width,
      indent,
      number,
    ),
    ...commands.flatMap((command) => ('line' in command ? [`${indent}  ${look.paint.cyan(command.line)}`] : [])),
  ]
}

/** `delivery (who gets the packet)`; nothing in brackets where the name says it. */
const hopText = (hop: PathHop): string => (hop === 'assignment' ? hop : `${hop} (${hopWords[hop].short})`)

const nameOf = (place: string): string =>
  place === 'aws'
    ? 'AWS'
    : place === 'kubernetes'
      ? 'Kubernetes'
      : place.startsWith('nodes/')
        ? nodesText(place.split(' ').map((one) => one.slice(6)))
        : place

/** Nodes that nobody asked to be read need no other reason. */
const unasked = (place: string, reading: Reading): boolean =>
  place.startsWith('nodes/') && reading.from === 'live' && reading.nodes === 'none'

const nodesText = (names: readonly string[]): string => `${names.length === 1 ? 'Node' : 'Nodes'} ${inWords(names)}`

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

/** What this user types to read what is missing of a place; of all VIPs where `diagnosis` is null. */
export function commandsFor(
  { place, sources }: { readonly place: string; readonly sources: readonly string[] },
  diagnosis: Diagnosis | null,
  reading: Reading,
): readonly Command[] {
  const node = place.startsWith('nodes/')
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

/** The ordinary commands whose output a bundle lacks, into folders that it may lack, too. */
function byFile(sources: readonly string[], bundle: string): readonly Command[] {
  const archive = /\.(?:gz|json|ya?ml)$/i.test(bundle)
  const folder = archive ? 'BUNDLE' : bundle.replace(/\/$/, '')
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
