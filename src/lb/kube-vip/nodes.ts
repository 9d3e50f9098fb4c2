import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type Node } from '../../evidence/kubernetes/kinds.ts'

/** The node of a name that kube-vip wrote: it may be a bare host name where the node has a longer one. Null for none. */
export function nodeNamed(evidence: Evidence, name: string): Node | null {
  const nodes = known(evidence.kubernetes.nodes) ?? []
  return (
    nodes.find(({ metadata }) => metadata?.name === name) ??
    nodes.find(({ metadata }) => metadata?.labels?.['kubernetes.io/hostname'] === name) ??
    nodes.find((one) => shortName(objectName(one)) === shortName(name)) ??
    null
  )
}

const shortName = (name: string): string => name.split('.')[0] ?? name

/** Of some nodes those whose addresses were not read. */
export const unreadAmong = (evidence: Evidence, nodes: readonly string[]) =>
  nodes.flatMap((node) => {
    const addresses = evidence.node(node).ipAddr
    return isGap(addresses) ? [addresses] : []
  })
