import type { Acceptance } from '../diagnosis/gate.ts'
import { UserError } from '../evidence/user-error.ts'
import { didYouMean } from '../net/nearest.ts'
import { parseYaml } from '../evidence/yaml.ts'
import { mostOfSettings, namedFile } from './named-file.ts'

/** Where acceptances are looked for where `--accept` names no file. */
export const usualFile = '.vipdoctor.yaml'

const example = `For example:
accept:
  - id: delivery/vip-not-owned
    subject: vip/10.240.0.*
    reason: Not in use before the move.
    until: 2027-01-31`

/**
 * The acceptances of a file: under `accept` a list of `id`, `subject` (`*` stands for any characters; left out: all), `reason`, and `until`
 * (the last day, YYYY-MM-DD; left out: no end). `ids` are those that a finding can have.
 *
 * @throws UserError where the file is not there, is no YAML, or says something else, with the place in it.
 */
export function readAcceptances(file: string | undefined, ids: readonly string[]): readonly Acceptance[] {
  const name = file ?? usualFile
  const bytes = namedFile(name, mostOfSettings)
  if (bytes === null && file === undefined) return []
  if (bytes === null) throw new UserError(`--accept: there is no file ${name}.`)
  const yaml = parseYaml(bytes.toString())
  if ('error' in yaml) throw new UserError(`${name} is no YAML: ${yaml.error}.`)
  return acceptancesOf(yaml.value, name, ids)
}

function acceptancesOf(value: unknown, name: string, ids: readonly string[]): readonly Acceptance[] {
  if (value === null) return []
  if (!isRecord(value)) throw new UserError(`${name} is no map.`, example)
  const { accept } = value
  if (accept === undefined) return []
  if (!Array.isArray(accept)) throw new UserError(`${name}: accept is no list.`, example)
  return accept.map((one: unknown, index) => acceptanceOf(one, `${name}: accept, entry ${index + 1}`, ids))
}

const keys = ['id', 'subject', 'reason', 'until']

function acceptanceOf(value: unknown, place: string, ids: readonly string[]): Acceptance {
  if (!isRecord(value)) throw new UserError(`${place} is no map.`, example)
  const stranger = Object.keys(value).find((key) => !keys.includes(key))
  if (stranger !== undefined) throw new UserError(`${place} has ${stranger}, which is none of ${keys.join(', ')}.`)
  const { id, subject = '*', reason, until } = value
  if (typeof id !== 'string' || !ids.includes(id)) {
    throw new UserError(
      `${place}: ${id === undefined ? 'it has no id' : `there is no check ${JSON.stringify(id)}`}.`,
      (typeof id === 'string' ? didYouMean(id, ids) : null) ?? '`vipdoctor checks` lists them.',
    )
  }
  if (typeof subject !== 'string') throw new UserError(`${place}: its subject is no text.`)
  if (typeof reason !== 'string' || reason.trim() === '')
    throw new UserError(
      `${place}: it has no reason.`,
      'Say why this may stay as it is: whoever reads the report will ask.',
    )
  return { id, subject, reason: reason.trim(), until: until === undefined ? null : dayOf(until, place) }
}

/** YAML makes a date of a bare day. */
function dayOf(value: unknown, place: string): string {
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString().slice(0, 10) : value
  const isDay =
    typeof text === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text)
  if (!isDay) throw new UserError(`${place}: its until is no day.`, 'A day is written 2027-01-31.')
  return text
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
