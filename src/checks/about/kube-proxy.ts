import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { podsOn } from '../../evidence/kubernetes/pods.ts'
import { healthListener } from '../../node/proxy-health.ts'
import { ebpfOn } from '../../node/ebpf.ts'
import { kubeProxyImage, replacementOn } from '../../node/replacements.ts'
import { kubeProxyProcesses } from '../../node/service-proxy.ts'
import type { NodeContext } from '../check.ts'
import { restartOfAgent, tableOf } from './agents.ts'
import { sh, type Command } from '../../net/shell.ts'
import { skipped, type Draft, type Remedy } from '../finding.ts'

/** How a node's kube-proxy is reached: as a service of the node, inside k3s or microk8s, or as the pod of a DaemonSet. */
interface Reach {
  /** What is restarted, as a sentence names it. */
  readonly name: string
  readonly restart: Command
  readonly log: Command
}

function reachOf(evidence: Evidence, node: string): Reach {
  const ebpf = ebpfOn(evidence, node)
  const agent = ebpf === null ? null : restartOfAgent(evidence, node, ebpf.name)
  if (agent !== null) return agent
  const [process] = kubeProxyProcesses(evidence.node(node))
  const line = typeof process?.value === 'string' ? process.value : ''
  const k3s = /\bk3s(?:-server|-agent|\s+(?:server|agent))?(?=\s|$)/.exec(line)
  if (k3s !== null) return ofUnit(node, 'k3s', k3s[0].includes('agent') ? 'k3s-agent' : 'k3s')
  if (/\bkubelite\b/.test(line)) return ofUnit(node, 'microk8s', 'snap.microk8s.daemon-kubelite')
  const pod = podFor(evidence, node)
  if (pod === undefined) return ofUnit(node, 'kube-proxy', 'kube-proxy')
  const { namespace = 'kube-system', name } = pod.metadata ?? {}
  return {
    name: 'kube-proxy',
    restart: sh`kubectl -n ${namespace} delete pod ${name}`,
    log: sh`kubectl -n ${namespace} logs ${name} --tail=50`,
  }
}

const ofUnit = (node: string, name: string, unit: string): Reach => ({
  name,
  restart: sh`ssh ${node} sudo systemctl restart ${unit}`,
  log: sh`ssh ${node} sudo journalctl -u ${unit} --no-pager -n 50`,
})

/** The pod of kube-proxy on a node that a DaemonSet makes anew: a static one is the kubelet's, and stays when it is deleted. */
const podFor = (evidence: Evidence, node: string) =>
  podsOn(evidence, node).find(
    ({ metadata, spec }) =>
      (metadata?.ownerReferences ?? []).some(({ kind }) => kind === 'DaemonSet') &&
      (spec?.containers ?? []).some(({ image = '' }) => kubeProxyImage.test(image)),
  )

/** What kube-proxy last wrote into its log on a node. */
export const journalOf = (evidence: Evidence, node: string): Command => reachOf(evidence, node).log

/** Who translates on a node, as a sentence names it. */
export const proxyOn = (evidence: Evidence, node: string): string => ebpfOn(evidence, node)?.name ?? 'kube-proxy'

/** Lets kube-proxy write every rule of a node anew. `changes` says what is more than that. */
export function restartOn(evidence: Evidence, node: string, changes: string, look: Remedy['look'] = []): Remedy {
  const ebpf = ebpfOn(evidence, node)
  if (ebpf !== null) return restartOfProgram(evidence, node, ebpf.name)
  const { name, restart } = reachOf(evidence, node)
  return {
    look,
    summary: `restart ${name} on ${node}`,
    commands: [restart],
    changes:
      name === 'kube-proxy' ? changes : `${changes} It runs inside ${name}, which stops no pod when it restarts.`,
  }
}

/** The same for a program that stands for kube-proxy: its tables stay in the kernel while its agent is away. */
function restartOfProgram(evidence: Evidence, node: string, program: string): Remedy {
  const agent = restartOfAgent(evidence, node, program)
  const table = tableOf(evidence, node, program)
  if (agent === null)
    return {
      ...table,
      advice: `Restart the pod of the agent on ${node}: it writes its tables anew, and connections that are open stay.`,
    }
  return {
    look: [...(table?.look ?? []), agent.log],
    summary: `restart ${agent.name} on ${node}`,
    commands: [agent.restart],
    changes: `The agent writes the tables of ${node} anew; connections that are open stay.`,
  }
}

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
