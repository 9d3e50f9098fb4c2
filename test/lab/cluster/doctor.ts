import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Lab } from './lab.ts'

/** The parts of vipdoctor's JSON that are held against the truth. */
export interface Finding {
  readonly id: string
  readonly status: string
  readonly subject: string
  readonly says: string
  readonly fix: { readonly summary: string; readonly commands: readonly string[] } | null
}

export interface Diagnosis {
  readonly verdict: 'reachable' | 'unreachable' | 'inconclusive'
  readonly causes: readonly Finding[]
  readonly possibleCauses: readonly Finding[]
  readonly alsoWrong: readonly Finding[]
  readonly findings: readonly Finding[]
}

export const program = `${process.execPath} ${path.join(process.cwd(), 'bin/run.js')}`

/**
 * Runs vipdoctor live against the lab as a user on the bastion would, and returns its word on the one VIP asked for. What it judged is kept
 * as the bundle `keep` where that is not null.
 */
export async function diagnose(
  lab: Lab,
  target: string,
  client: string,
  keep: string | null,
  flags = '',
): Promise<Diagnosis> {
  const fabric = lab.fabric === 'lan' ? ' --fabric lan' : ''
  const kept = keep === null ? '' : ` --force --save-bundle ${keep}`
  const line = `${program} check ${target} --nodes ssh --client ${client}${fabric}${kept} ${flags} --output json --quiet`
  const { stdout, stderr, status } = await lab.sh(line, 120)
  try {
    const report = JSON.parse(stdout) as { readonly diagnoses: readonly Diagnosis[] }
    const [diagnosis, ...more] = report.diagnoses
    if (diagnosis === undefined || more.length > 0) throw new Error(`${String(more.length + 1)} diagnoses`)
    return diagnosis
  } catch (error) {
    writeFileSync('/dev/stderr', `${line}: status ${String(status)}\n${stderr}\n${stdout.slice(0, 2000)}\n`)
    throw error
  }
}
