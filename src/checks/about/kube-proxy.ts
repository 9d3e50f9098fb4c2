import { known } from '../../evidence/gap.ts'
import { healthListener } from '../../node/proxy-health.ts'
import { replacementOn } from '../../node/replacements.ts'
import { kubeProxyProcesses } from '../../node/service-proxy.ts'
import type { NodeContext } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { skipped, type Draft, type Remedy } from '../finding.ts'

/** What kube-proxy last wrote into its log on a node. */
export const journalOf = (node: string) => sh`ssh ${node} sudo journalctl -u kube-proxy --no-pager -n 50`

/** Lets kube-proxy write every rule of a node anew. `changes` says what is more than that. */
export const restartOn = (node: string, changes: string, look: Remedy['look'] = []): Remedy => ({
  look,
  summary: `restart kube-proxy on ${node}`,
  commands: [sh`ssh ${node} sudo systemctl restart kube-proxy`],
  changes,
})

/** Why there is nothing to say about a node's kube-proxy: another program handles Services, or none runs. Null where one may run. */
export function noKubeProxy({ evidence, node }: NodeContext): Draft | null {
  const here = evidence.node(node)
  const replacement = replacementOn(evidence, node)
  if (replacement !== null)
    return skipped('other-proxy', `node/${node}`, `Services on ${node} are handled by ${replacement.name}.`)
  return known(here.processes) !== null &&
    kubeProxyProcesses(here).length === 0 &&
    healthListener(evidence, here).serves !== true
    ? skipped('no-kube-proxy', `node/${node}`, `No kube-proxy runs on ${node}.`)
    : null
}
