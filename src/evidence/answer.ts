import { gap, isGap, type Known } from './gap.ts'
import { parseJson } from './json.ts'
import { memberOf } from './part.ts'
import { parseYamls } from './yaml.ts'

/** What kubectl or aws printed, as JSON or as YAML (several documents are a list of them); a gap that says where parsing stopped, or which option writes it so that it can be read. */
export function parseAnswer(file: string, text: string): Known<unknown> {
  const json = parseJson(file, text)
  if (!isGap(json)) return json
  const table = tableOf(text)
  if (table !== null) return gap(file, table)
  return isYaml.test(text) ? (fromYaml(file, text) ?? json) : json
}

/** The beginning of a YAML text whose top is a map or a list. What a line before may be, it may be in one way only: 40 empty lines took for ever. */
const isYaml = /^(?:#.*\n|(?:---)?[^\S\n]*\n)*(?:[A-Za-z]\w*:(?:\s|$)|- )/

function fromYaml(file: string, text: string): object | null {
  const yaml = parseYamls(text)
  if ('error' in yaml) return gap(file, `not YAML: ${yaml.error}`)
  if (typeof yaml.value !== 'object' || yaml.value === null) return null
  // A beginning of YAML is YAML: what is cut inside a line, and a list of kubectl without what stands behind its items, is told by that.
  const last: unknown = Array.isArray(yaml.value) ? yaml.value.at(-1) : yaml.value
  const isCut = !text.endsWith('\n') || (Array.isArray(memberOf(last, 'items')) && memberOf(last, 'kind') === undefined)
  if (isCut) return gap(file, `cut off: YAML that ends in line ${String(text.split('\n').length)}`)
  // Dates that are not quoted are texts, as in JSON.
  return JSON.parse(JSON.stringify(yaml.value)) as object
}

function tableOf(text: string): string | null {
  const [line = ''] = text.trimStart().split('\n', 1)
  if (/^(?:NAMESPACE\s+)?NAME(?:\s{2,}[A-Z]|\s*$)/.test(line))
    return 'this is `kubectl get` as a table; write it with `-o json`'
  if (/^Name:\s{2,}\S/.test(line)) return 'this is `kubectl describe`; write it by `kubectl get -o json`'
  if (/^-{5,}$|^\+-{5,}/.test(line)) return 'this is `aws` as a table; write it with `--output json`'
  return /^[A-Z]{3,}\t/.test(line) ? 'this is `aws --output text`; write it with `--output json`' : null
}
