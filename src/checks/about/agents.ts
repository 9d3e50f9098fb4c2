import type { Evidence } from '../../evidence/evidence.ts'
import { sh, type Command } from '../../net/shell.ts'
import { runningPodOn } from '../../node/replacements.ts'
import type { Remedy } from '../finding.ts'

/** How the agent of an eBPF data plane is asked: by its pod on a node, in its container. */
interface Agent {
  readonly image: RegExp
  /** Where its pod stands by its usual manifests, for a node of which no pod was read. */
  readonly namespace: string
  readonly label: string
  readonly container: string
  /** Prints the table, in that container. */
  readonly table: string
  /** The file of a bundle that holds what it prints. */
  readonly file: string
}

const agents: Readonly<Record<string, Agent>> = {
  Cilium: {
    image: /\bcilium\/cilium(?:-ci)?[:@]/,
    namespace: 'kube-system',
    label: 'k8s-app=cilium',
    container: 'cilium-agent',
    table: 'cilium-dbg bpf lb list -o json',
    file: 'cilium-bpf-lb-list.json',
  },
  'Calico’s eBPF data plane': {
    image: /\bcalico\/node[:@]/,
    namespace: 'calico-system',
    label: 'k8s-app=calico-node',
    container: 'calico-node',
    table: 'calico-node -bpf nat dump',
    file: 'calico-bpf-nat-dump.txt',
  },
}

/** The one line that prints the table by which a program translates on a node, for a bundle that lacks it; null for one whose table is not read. */
export function tableOf(evidence: Evidence, node: string, name: string): Remedy | null {
  const agent = agents[name]
  if (agent === undefined) return null
  const { container, table, file, namespace, label } = agent
  const pod = runningPodOn(evidence, node, agent.image)?.metadata
  return {
    look: [
      pod === undefined
        ? sh`kubectl -n ${namespace} get pods -l ${label} --field-selector ${`spec.nodeName=${node}`}`
        : sh`kubectl -n ${pod.namespace ?? namespace} exec ${pod.name} -c ${container} -- ${{ line: table }}`,
    ],
    advice: `What \`${table}\` prints in the agent’s pod on ${node} shows where the packet goes; as nodes/${node}/${file} of a bundle it is judged.`,
  }
}

/** How the agent of a program that translates on a node is restarted, and where its log is; null where its pod was not read. */
export function restartOfAgent(
  evidence: Evidence,
  node: string,
  name: string,
): { readonly name: string; readonly restart: Command; readonly log: Command } | null {
  const agent = agents[name]
  const pod = agent === undefined ? undefined : runningPodOn(evidence, node, agent.image)?.metadata
  if (agent === undefined || pod === undefined) return null
  const { namespace = agent.namespace, name: podName } = pod
  return {
    name: agent.container,
    restart: sh`kubectl -n ${namespace} delete pod ${podName}`,
    log: sh`kubectl -n ${namespace} logs ${podName} -c ${agent.container} --tail=50`,
  }
}
