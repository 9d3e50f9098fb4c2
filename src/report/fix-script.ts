import { hops } from '../checks/hop.ts'
import type { Format } from './reporter.ts'
import { toldOnce, wrongIn, type ToldOnce, type Wrong } from './told-once.ts'
import type { Tool } from './tool.ts'

/**
 * What mends the causes as a script for the user to read and run, in the order in which the packet meets them; it asks before each step
 * unless it is given `--yes`. What is accepted is left out, and so is a line in which something must be filled in first.
 */
export const fixScript: Format<readonly Wrong[]> = {
  report: (setting) => ({
    diagnosis: (diagnosis) => wrongIn(diagnosis).filter(({ weight }) => weight === 'cause'),
    whole: function* ({ diagnoses }) {
      const causes = toldOnce(diagnoses.flat()).filter(({ finding }) => setting.acceptanceOf(finding) === null)
      const inOrder = causes.toSorted((one, other) => hops.indexOf(one.finding.hop) - hops.indexOf(other.finding.hop))
      yield head(setting.tool)
      yield inOrder.length === 0 ? "\necho 'Nothing stops a packet: there is nothing to mend.'\n" : ''
      for (const [index, cause] of inOrder.entries()) yield stepText(cause, index + 1)
    },
  }),
  failed: ({ message }, tool) =>
    `${head(tool)}\n${comment(message)}\necho 'Nothing could be judged, so there is nothing to mend.'\n`,
}

const head = ({ name, version }: Tool): string => `#!/bin/sh
# Printed by ${name} ${version}, which ran none of it. Read it first. It asks before each step; --yes answers all.
set -eu
case \${1:-} in
  --yes) yes=yes ;;
  '') yes=no ;;
  *)
    echo "usage: $0 [--yes]" >&2
    exit 2
    ;;
esac
agreed() {
  [ "$yes" = no ] || return 0
  printf '%s [y/N] ' "$1" >&2
  read -r answer || return 1
  case $answer in
    y | Y | yes) return 0 ;;
    *) return 1 ;;
  esac
}
`

function stepText({ finding, vips }: ToldOnce, number: number): string {
  const { id, says, fix, advice } = finding
  const about = [
    `${number}. ${id}: ${vips.slice(0, 3).join(', ')}${vips.length > 3 ? ` and ${vips.length - 3} more` : ''}`,
    says,
  ]
  const open = fix?.commands.filter(hasPlaceholder) ?? []
  if (fix === null || open.length > 0) {
    const left =
      fix === null
        ? [advice ?? `vipdoctor explain ${id} says what can be done.`]
        : ['Fill in what stands in <…> first:', ...open]
    return `\n${[...about, ...left].map(comment).join('\n')}\necho ${quoted(`Left to you: ${id}, see the comment at step ${number}.`)}\n`
  }
  const lines = fix.commands.map((command) => `  ${command}`)
  return `\n${[...about, fix.changes].map(comment).join('\n')}\nif agreed ${quoted(`${number}. ${id}: ${fix.summary}?`)}; then\n${lines.join('\n')}\nfi\n`
}

/** `<first>-<last>`: what only the user knows. A shell would take it for a redirection. */
const hasPlaceholder = (command: string): boolean => /<[a-z][a-z0-9 -]*>/i.test(command)

const comment = (text: string): string => `# ${printable(text)}`
const quoted = (text: string): string => `'${printable(text).replaceAll("'", `'\\''`)}'`

/** One line, and nothing that a terminal would obey. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
