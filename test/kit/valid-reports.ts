import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'

// What the readers of machine-readable reports say of them: each function gives their complaints, and none is the empty answer.

const schemas = path.join(import.meta.dirname, '../schemas')

/** What xmllint complains of in these JUnit documents, by Jenkins' schema. */
export function junitComplaints(texts: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-junit-'))
  const files = texts.map((text, index) => {
    const file = path.join(folder, `${String(index)}.xml`)
    writeFileSync(file, text)
    return file
  })
  const { status, stderr, error } = spawnSync(
    'xmllint',
    ['--noout', '--schema', path.join(schemas, 'junit-10.xsd'), ...files],
    { encoding: 'utf8' },
  )
  rmSync(folder, { recursive: true })
  if (error !== undefined) throw error
  return status === 0 ? '' : stderr.replace(/^.* validates$/gm, '').trim()
}

/** A value of an XML document, as an XML parser reads it. */
export function xpath(text: string, expression: string): string {
  const { stdout, status } = spawnSync('xmllint', ['--xpath', expression, '-'], { input: text, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : `xmllint ended with ${String(status)}`
}

const complaintsBy =
  (valid: ValidateFunction) =>
  (value: unknown): readonly unknown[] => {
    valid(value)
    return valid.errors ?? []
  }

/** By the schema of SARIF 2.1.0, whose patterns are no Unicode patterns. */
export const sarifComplaints = complaintsBy(
  new Ajv({
    strict: false,
    unicodeRegExp: false,
    formats: { uri: true, 'uri-reference': true, 'date-time': true },
  }).compile(JSON.parse(readFileSync(path.join(schemas, 'sarif-2.1.0.json'), 'utf8')) as object),
)

/** By what GitLab reads (GitLab documentation, "Code Quality report format"). */
export const gitlabComplaints = complaintsBy(
  new Ajv().compile({
    type: 'array',
    items: {
      type: 'object',
      required: ['description', 'check_name', 'fingerprint', 'severity', 'location'],
      properties: {
        description: { type: 'string', minLength: 1 },
        check_name: { type: 'string', minLength: 1 },
        fingerprint: { type: 'string', minLength: 1 },
        // Of Code Climate's specification, which GitLab's is a part of.
        content: { type: 'object', required: ['body'], properties: { body: { type: 'string', minLength: 1 } } },
        severity: { enum: ['info', 'minor', 'major', 'critical', 'blocker'] },
        location: {
          type: 'object',
          required: ['path', 'lines'],
          properties: {
            // "Don't use an absolute path, or one that begins with ./".
            path: { type: 'string', pattern: '^[^./]' },
            lines: {
              type: 'object',
              required: ['begin'],
              properties: { begin: { type: 'integer', minimum: 1 }, end: { type: 'integer', minimum: 1 } },
            },
          },
        },
      },
    },
  }),
)

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | 'NaN'
}

/**
 * The samples of texts as the Prometheus client library for Python reads them (Debian: python3-prometheus-client).
 *
 * @throws what that library complains of
 */
export function prometheusSamples(texts: readonly string[]): Sample[][] {
  const script = `
import json, math, sys
from prometheus_client.parser import text_string_to_metric_families
out = []
for text in json.load(sys.stdin):
    samples = []
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type == 'gauge', family
        samples += [{'name': s.name, 'labels': s.labels, 'value': 'NaN' if math.isnan(s.value) else s.value} for s in family.samples]
    out.append(samples)
json.dump(out, sys.stdout)`
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', script], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Sample[][]
}
