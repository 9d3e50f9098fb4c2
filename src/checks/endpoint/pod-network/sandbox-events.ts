import { onNode, sh } from '../../../net/shell.ts'
import type { Remedy } from '../../../net/remedy.ts'
import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { perEvidence } from '../../../evidence/memo.ts'
import { objectName, type KubernetesObject, type Pod } from '../../../evidence/kubernetes/kinds.ts'

type Event = KubernetesObject<'events'>

/** Why a pod got no network, as kubelet's event says: the cause in words, what mends it on its node, and the event. */
export interface SandboxFailure {
  readonly says: string
  readonly remedy: Remedy
  readonly proof: Proof
}

interface Cause {
  readonly text: RegExp
  readonly says: (found: RegExpExecArray) => string
  readonly remedy: (node: string, found: RegExpExecArray) => Remedy
}

const agent = (name: string, namespace: string, label: string): Pick<Cause, 'says' | 'remedy'> => ({
  says: () => `the agent of ${name} does not run on its node`,
  remedy: (node) => ({
    look: [sh`kubectl -n ${namespace} get pods -l ${label} -o wide --field-selector spec.nodeName=${node}`],
    advice: `Pods that wait get their network as soon as ${name} runs on that node.`,
  }),
})

/** The texts of the plugins themselves, most telling first. */
const causes: readonly Cause[] = [
  {
    text: /failed to find plugin \\?"([\w.-]+)\\?" in path \[([^\]]*)\]/,
    says: ([, plugin = '', path = '']) => `the CNI plugin ${plugin} is not in ${path}`,
    remedy: (node, [, , path = '']) => ({
      look: [onNode(node, sh`ls -l ${path.split(' ')[0] ?? '/opt/cni/bin'}`)],
      advice:
        'bridge, host-local, loopback and portmap come with the release archives of containernetworking/plugins; others are put there by the agent of their CNI.',
    }),
  },
  {
    text: /no IP addresses available in (?:range set|network):? ?([\w.:/-]*)/,
    says: ([, range = '']) => `no address is left in ${range === '' ? 'the range of its node' : range}`,
    remedy: (node) => ({
      look: [sh`ssh ${node} sudo find /var/lib/cni/networks -type f`],
      advice:
        'These are the leases of host-local, one file an address. Those of pods that are gone may be removed; else the range of the node is too small for its pods.',
    }),
  },
  {
    text: /"?([\w.-]+)\\?"? already has an IP address different from ([\da-fA-F.:/]+)/,
    says: ([, bridge = '', address = '']) => `the bridge ${bridge} of its node has another address than ${address}`,
    remedy: (node, [, bridge = 'cni0']) => ({
      look: [onNode(node, sh`ip addr show ${bridge}`)],
      advice:
        'An earlier configuration gave it the address. When the node has no pods (kubectl drain), ip link delete removes the bridge, and the plugin makes it anew.',
    }),
  },
  {
    text: /open \/run\/flannel\/subnet\.env: no such file/,
    ...agent('flannel', 'kube-flannel', 'app=flannel'),
  },
  {
    text: /stat \/var\/lib\/calico\/nodename: no such file|calico\/node container is running/,
    ...agent('Calico', 'kube-system', 'k8s-app=calico-node'),
  },
  {
    text: /error getting ClusterInformation: (connection is unauthorized|[^"]*Unauthorized)/,
    says: () => 'Calico’s plugin is refused by the API server',
    remedy: (node) => ({
      summary: `start Calico’s agent on ${node} anew`,
      commands: [sh`kubectl -n kube-system delete pod -l k8s-app=calico-node --field-selector spec.nodeName=${node}`],
      changes: 'It writes a new token for its plugin into /etc/cni/net.d/calico-kubeconfig.',
    }),
  },
  {
    text: /[Uu]nable to (?:connect to|create endpoint:?.*) [Cc]ilium|cilium\.sock/,
    ...agent('Cilium', 'kube-system', 'k8s-app=cilium'),
  },
  { text: /antrea\/cni\.sock/, ...agent('Antrea', 'kube-system', 'component=antrea-agent') },
  { text: /kube-ovn-daemon\.sock/, ...agent('Kube-OVN', 'kube-system', 'app=kube-ovn-cni') },
  {
    text: /cni plugin not initialized|cni config uninitialized|NetworkPluginNotReady/,
    says: () => 'its node has no CNI configuration',
    remedy: (node) => ({
      look: [sh`ssh ${node} sudo ls -l /etc/cni/net.d`],
      advice: 'The runtime takes the first file by name, and pods that wait get their network without a restart.',
    }),
  },
]

const reasons = new Set(['FailedCreatePodSandBox', 'NetworkNotReady'])

/** The last event about the network of each pod, by the pod's name. */
const eventsByPod = perEvidence((evidence: Evidence): ReadonlyMap<string, Event> => {
  const last = new Map<string, Event>()
  for (const event of known(evidence.kubernetes.events) ?? []) {
    const { kind, namespace = '', name = '' } = event.involvedObject ?? {}
    if (kind !== 'Pod' || !reasons.has(event.reason ?? '')) continue
    const pod = `${namespace}/${name}`
    const before = last.get(pod)
    if (before === undefined || timeOf(before) <= timeOf(event)) last.set(pod, event)
  }
  return last
})

const timeOf = ({ series, lastTimestamp, eventTime }: Event): string =>
  series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? ''

/** Why a pod has no network, by the last event about it; null where none tells. */
export function sandboxFailure(evidence: Evidence, pod: Pod): SandboxFailure | null {
  const event = eventsByPod(evidence).get(objectName(pod))
  const message = event?.message ?? ''
  if (event === undefined || message === '') return null
  const proof = cite(event, 'message')
  for (const { text, says, remedy } of causes) {
    const found = text.exec(message)
    if (found !== null) return { says: says(found), remedy: remedy(pod.spec?.nodeName ?? '', found), proof }
  }
  const short = message.replace(/\s+/g, ' ').replace(/^.*(?=failed to setup network)/, '')
  return {
    says: `kubelet says “${short.length > 160 ? `${short.slice(0, 159)}…` : short}”`,
    remedy: {},
    proof,
  }
}
