import type { Node, Pod } from '../evidence/kubernetes/kinds.ts'

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number]
type Toleration = NonNullable<NonNullable<Pod['spec']>['tolerations']>[number]

/** Whether pods with these tolerations may come to a node with the taint, or it keeps nobody away (Kubernetes documentation, "Taints and Tolerations"). */
export const tolerates = (tolerations: readonly Toleration[], taint: Taint): boolean =>
  taint.effect === 'PreferNoSchedule' ||
  tolerations.some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (key === undefined ? operator === 'Exists' : key === taint.key) &&
      (effect === undefined || effect === taint.effect) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  )

/** Taints that a node has until it is ready for pods; Kubernetes takes them away by itself then. */
const whileNotReady = new Set([
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/network-unavailable',
])

/**
 * The nodes for which pods that no node has taken wait: those whose taints would let one of them in but for what a node that is not ready
 * has. None where a node would take it already, so that something else keeps it waiting.
 */
export function nodesAwaited(nodes: readonly Node[], pods: readonly Pod[]): readonly string[] {
  const [pod] = pods
  if (pod === undefined) return []
  const { tolerations = [], nodeSelector = {} } = pod.spec ?? {}
  const wanted = Object.entries(nodeSelector)
  const left = nodes
    .filter(({ metadata }) => wanted.every(([key, value]) => metadata?.labels?.[key] === value))
    .map(({ metadata, spec }) => ({
      name: metadata?.name ?? '',
      taints: (spec?.taints ?? []).filter((taint) => !tolerates(tolerations, taint)),
      closed: spec?.unschedulable === true,
    }))
  if (left.some(({ taints, closed }) => taints.length === 0 && !closed)) return []
  return left.flatMap(({ name, taints, closed }) =>
    !closed && taints.every(({ key = '' }) => whileNotReady.has(key)) ? [name] : [],
  )
}
