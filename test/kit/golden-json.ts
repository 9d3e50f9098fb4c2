interface Findings {
  readonly findings: readonly { readonly id: string; readonly status: string }[]
}

/**
 * A JSON report as its golden keeps it: all of it, but of the findings that pass or do not apply only the ids, on one line. A new check is
 * then one word in a golden where it has nothing to say. A gap's `hides` is one line for the same reason.
 */
export function goldenOf(json: string): string {
  const report = JSON.parse(json) as {
    readonly diagnoses: readonly Findings[]
    readonly gaps: readonly { readonly hides: readonly string[] }[]
  }
  const kept = {
    ...report,
    diagnoses: report.diagnoses.map((diagnosis) => ({
      ...diagnosis,
      findings: diagnosis.findings.filter(({ status }) => !silent.has(status)),
      pass: idsOf(diagnosis, 'pass'),
      skipped: idsOf(diagnosis, 'skipped'),
    })),
    gaps: report.gaps.map((gap) => ({ ...gap, hides: gap.hides.join(' ') })),
  }
  return `${JSON.stringify(kept, null, 2)}\n`
}

const silent = new Set(['pass', 'skipped'])

const idsOf = ({ findings }: Findings, wanted: string): string =>
  [...new Set(findings.filter(({ status }) => status === wanted).map(({ id }) => id))].join(' ')
