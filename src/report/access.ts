import type { Finding } from '../checks/finding.ts'
import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import { sh, word } from '../net/shell.ts'

/** How the user of this run reaches what a printed command speaks to. Words stand as a shell takes them. */
export interface Access {
  /** Behind `kubectl`, as `--context staging`. */
  readonly kubectl: readonly string[]
  /** Behind `aws`, as `--region us-east-1`. */
  readonly aws: readonly string[]
  readonly nodes: Login | Debugging | Here
}

/** By ssh: its options, and what stands in the place of a node's name. */
interface Login {
  readonly by: 'ssh'
  readonly options: readonly string[]
  readonly nameOf: (node: string) => string
}

/** By a pod beside it, where nobody can log in. */
interface Debugging {
  readonly by: 'pod'
  readonly image: string
}

/** This machine is one of the nodes. */
interface Here {
  readonly by: 'local'
  readonly node: string
}

/** A program that begins a command: first in a line, or behind `|`, `;`, `&` or `$(`. What stands in quotes is another shell's. */
const programs =
  /\\.|'[^']*'|"(?!\$\()[^"]*"|(?<before>^|[|;&]\s*|\$\()(?:(?<program>kubectl|aws)(?= )|ssh (?<terminal>-t )?(?<node>[\w.:-]+)(?<remote>(?: +(?:\\.|'[^']*'|"[^"]*"|[^\s'"\\|;&<>]+)+)*))/g

/** A command as this user types it: with the flags of the run, and to nodes as they were read. */
export function asTyped(line: string, access: Access): string {
  return line.replace(programs, (whole: string, ...rest: unknown[]) => {
    const { before = '', program, terminal, node, remote = '' } = rest.at(-1) as Readonly<Record<string, string>>
    if (program === 'kubectl') return before + spaced('kubectl', ...access.kubectl)
    if (program === 'aws') return before + spaced('aws', ...access.aws)
    return node === undefined
      ? whole
      : before + onNode({ node, terminal: terminal !== undefined, remote }, whole, access)
  })
}

const spaced = (...words: readonly string[]): string => words.join(' ')

interface OnNode {
  readonly node: string
  readonly terminal: boolean
  /** The words behind it, as they are quoted for this machine's shell. */
  readonly remote: string
}

function onNode({ node, terminal, remote }: OnNode, whole: string, { kubectl, nodes }: Access): string {
  if (nodes.by === 'ssh')
    return spaced('ssh', ...(terminal ? ['-t'] : []), ...nodes.options, nodes.nameOf(node)) + remote
  const script = unquoted(remote).trim()
  if (nodes.by === 'local') return node === nodes.node ? script : whole
  const asRoot = script.replaceAll(/(?<=^|[|;&(] ?)sudo /g, '')
  return spaced(
    ...['kubectl', ...kubectl, 'debug', `node/${node}`, terminal ? '-it' : '-i', '--profile=sysadmin'],
    // The node's root is at /host of that pod (Kubernetes, "Debugging Kubernetes Nodes With Kubectl").
    ...[`--image=${nodes.image}`, '--', 'chroot', '/host'],
    /^[\w./:@%+,= -]*$/.test(asRoot) ? asRoot : `sh -c ${oneWord(asRoot)}`,
  )
}

/** What ssh hands to the shell of the node: its words, without this machine's quotes. */
const unquoted = (words: string): string =>
  words.replaceAll(/\\(.)|'([^']*)'|"([^"]*)"/g, (_, ...[bare, single, double]: (string | undefined)[]) =>
    [bare, single, double].join(''),
  )

/** Text of the user's own as one word. */
export function oneWord(text: string): string {
  const command = sh`${word(text)}`
  return 'line' in command ? command.line : ''
}

/** A diagnosis whose commands are as this user types them; sentences, proofs and ids stay. */
export function diagnosisAsTyped(diagnosis: Diagnosis, access: Access): Diagnosis {
  const lines = (list: readonly string[]): readonly string[] => list.map((line) => asTyped(line, access))
  const done = new Map<Finding, Finding>()
  // What stands in several lists is one finding, by which the reports tell what was said already.
  const typed = (finding: Finding): Finding => {
    const { look, fix } = finding
    const own = done.get(finding) ?? {
      ...finding,
      look: lines(look),
      fix: fix === null ? null : { ...fix, commands: lines(fix.commands) },
    }
    done.set(finding, own)
    return own
  }
  const { causes, possibleCauses, alsoWrong, findings, nodePorts } = diagnosis
  return {
    ...diagnosis,
    causes: causes.map((cause) => ({ ...typed(cause), consequences: cause.consequences.map(typed) })),
    possibleCauses: possibleCauses.map(typed),
    alsoWrong: alsoWrong.map(typed),
    findings: findings.map(typed),
    nodePorts: nodePorts?.map((port) => ({ ...port, findings: port.findings.map(typed) })) ?? null,
  }
}
