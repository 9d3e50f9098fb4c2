import type { Evidence } from '../../evidence/evidence.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import { jsonWord, sh, type Command } from '../../net/shell.ts'

/**
 * The lines that take a label off nodes, and what to know of it. Talos sets the labels of its machine configuration again whenever one is
 * missing: there the configuration gives it up (Talos documentation, "Machine configuration: nodeLabels", and "Patching: strategic merge
 * patches" for `$patch: delete`).
 */
export function withoutLabel(
  evidence: Evidence,
  nodes: readonly string[],
  label: string,
): { readonly commands: readonly Command[]; readonly changes: string } {
  const talos = nodes.filter((node) => isTalos(evidence, node))
  const patch = jsonWord({ machine: { nodeLabels: { [label]: { $patch: 'delete' } } } })
  return {
    commands: nodes.map((node) =>
      talos.includes(node)
        ? sh`talosctl -n ${addressOf(evidence, node)} patch machineconfig -p ${patch}`
        : sh`kubectl label node ${node} ${`${label}-`}`,
    ),
    changes:
      talos.length === 0
        ? ''
        : 'Talos sets the labels of its machine configuration again, so that one taken off with kubectl comes back.',
  }
}

const isTalos = (evidence: Evidence, node: string): boolean =>
  (nodesByName(evidence).get(node)?.status?.nodeInfo?.osImage ?? '').startsWith('Talos')

/** How talosctl finds a node: by an address, else by its name. */
const addressOf = (evidence: Evidence, node: string): string =>
  nodesByName(evidence)
    .get(node)
    ?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? node
