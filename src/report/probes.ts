/** A connection that was tried, as far as a report speaks of it. */
export interface Probed {
  readonly says: string
}

/** What was tried with `--probe`, as text behind the report. */
export function probesText(probes: readonly Probed[]): string {
  if (probes.length === 0) return '\nProbes: there is no TCP VIP to connect to.\n'
  return `\nProbes (sent just now; they never change the verdict):\n${probes.map(({ says }) => `  ${says}\n`).join('')}`
}
