import type { Evidence } from '../../src/evidence/evidence.ts'
import { sourceOf, evidenceKinds, type EvidenceKind } from '../../src/evidence/kinds.ts'

/**
 * The same evidence, which tells of each kind that is looked at. It is another object each time, so what is remembered of the evidence
 * (indices, models) is made anew and looked up again.
 */
export function watched(evidence: Evidence, seen: (kind: EvidenceKind) => void): Evidence {
  const of = (source: 'kubernetes' | 'aws' | 'node') =>
    new Map(
      evidenceKinds.filter((kind) => sourceOf(kind).of === source).map((kind) => [sourceOf(kind).name as string, kind]),
    )
  const watch = <T extends object>(target: T, kinds: ReadonlyMap<string, EvidenceKind>): T =>
    new Proxy(target, {
      get(object, name, receiver) {
        const kind = typeof name === 'string' ? kinds.get(name) : undefined
        if (kind !== undefined) seen(kind)
        return Reflect.get(object, name, receiver) as unknown
      },
    })
  const nodeKinds = of('node')
  return {
    ...evidence,
    kubernetes: watch(evidence.kubernetes, of('kubernetes')),
    aws: watch(evidence.aws, of('aws')),
    node: (name) => watch(evidence.node(name), nodeKinds),
  }
}
