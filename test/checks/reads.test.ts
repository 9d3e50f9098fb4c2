import { expect, test } from '@jest/globals'
import type { Check, Context } from '../../src/checks/check.ts'
import { checks } from '../../src/checks/index.ts'
import { whySkipped } from '../../src/diagnosis/run-checks.ts'
import { alwaysRead } from '../../src/collect/wanted.ts'
import type { EvidenceKind } from '../../src/evidence/kinds.ts'
import { targetOf } from '../kit/answers.ts'
import { ask } from '../kit/ask.ts'
import { fixture, fixtureNames, truthOf } from '../kit/fixtures.ts'
import { watched } from '../kit/watched.ts'

/** What a check looks at when it is asked about a packet; whether it applies is found on what is not watched. */
function lookedAt(check: Check, context: Context): ReadonlySet<EvidenceKind> {
  const kinds = new Set<EvidenceKind>()
  if (whySkipped(check, context) !== null) return kinds
  const watching = { ...context, evidence: watched(context.evidence, (kind) => kinds.add(kind)) }
  if (check.each === undefined) check.run(watching)
  else for (const node of context.evidence.nodeNames) check.run({ ...watching, node })
  return kinds
}

test('a check declares every kind of evidence that it looks at', async () => {
  const looked = new Map(checks.map(({ id }) => [id, new Set<EvidenceKind>()]))
  // A third of the recordings: they differ in their faults more than in what is read.
  for (const name of fixtureNames.filter((_, at) => at % 3 === 0)) {
    const context = ask(await fixture(name), { target: targetOf(await truthOf(name)) })
    for (const check of checks) for (const kind of lookedAt(check, context)) looked.get(check.id)?.add(kind)
  }
  const undeclared = checks.flatMap(({ id, needs, alsoReads = [] }) => {
    const kinds = [...(looked.get(id) ?? [])]
      .filter((kind) => ![...alwaysRead, ...needs, ...alsoReads].includes(kind))
      .sort()
    return kinds.length === 0 ? [] : [`${id}: ${kinds.join(', ')}`]
  })
  expect(undeclared).toEqual([])
})
