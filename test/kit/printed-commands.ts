import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import ts from 'typescript'
import { everyCase } from './every-case.ts'

const root = path.join(import.meta.dirname, '../..')

/** The lines that are printed against what is wrong in any case, each once. */
export async function printedLines(): Promise<readonly string[]> {
  const lines = new Set<string>()
  for (const [, answered] of everyCase)
    for (const { findings } of (await answered()).diagnoses)
      for (const { look, fix } of findings) for (const line of [...look, ...(fix?.commands ?? [])]) lines.add(line)
  return [...lines].sort()
}

/**
 * The lines that the sources can print, with the word X for each value: also those that no recorded case brings out. Of a line that is put
 * together of several the parts that are none by themselves are left out.
 */
export function writtenLines(): readonly string[] {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const lines = files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(path.join(root, 'src', file), 'utf8'), ts.ScriptTarget.Latest)
    const found: string[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && node.tag.text === 'sh')
        found.push(textOf(node.template))
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found
  })
  return [...new Set(lines)].filter((line) => /^(aws|kubectl|ip|ss|ssh|iptables|nft) /.test(line)).sort()
}

const textOf = (template: ts.TemplateLiteral): string =>
  ts.isNoSubstitutionTemplateLiteral(template)
    ? template.text
    : [template.head.text, ...template.templateSpans.map(({ literal }) => `X${literal.text}`)].join('')

/**
 * The programs that lines run, each with its arguments, once: bash reads the lines with no program in reach, and writes down what it does not
 * find. What ssh hands to the shell of a node is read likewise, and what sudo, `sh -c` and xargs run.
 */
export function commandsIn(lines: readonly string[]): readonly (readonly string[])[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-lines-'))
  try {
    // No file is written.
    const input = `${recorder}${lines.map((line) => `${line.replaceAll(/> [^\s;'"]+/g, '> /dev/null')}\n`).join('')}`
    const { output, stderr, error } = spawnSync('bash', ['--norc', '-c', input], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1e8,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    if (error !== undefined) throw error
    if (stderr !== '') throw new Error(stderr)
    const commands = (output[3] ?? '').split('\0\x1e\0').filter((text) => text !== '')
    return [...new Set(commands)].sort().map((text) => text.split('\0'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

// With a line's end in it bash would write in two pieces, and those of a pipe would mix.
const recorder = String.raw`
PATH=/nonexistent
command_not_found_handle() { printf '%s\0' "$@" $'\x1e' >&3; }
ssh() {
  while [[ $1 == -* ]]; do [[ $1 == -o ]] && shift; shift; done
  shift
  eval "$*"
}
sudo() { "$@"; }
sh() { [[ $1 != -c ]] || eval "$2"; }
xargs() {
  while [[ $1 == -* ]]; do shift 2; done
  "$@"
}
`
