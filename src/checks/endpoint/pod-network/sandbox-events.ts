import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { perEvidence } from '../../../evidence/memo.ts'
import { objectName, type KubernetesObject, type Pod } from '../../../evidence/kubernetes/kinds.ts'

type Event = KubernetesObject<'events'>

/** Why a pod got no network, as kubelet's event says: the cause in words, what mends it on its node, and the event. */
export interface SandboxFailure {
  readonly says: string
  readonly commands: readonly string[]
  readonly changes: string
  readonly proof: Proof
}

interface Cause {
  readonly text: RegExp
  readonly says: (found: RegExpExecArray) => string
  readonly commands: (node: string, found: RegExpExecArray) => readonly string[]
  readonly changes: string
}

const agent = (name: string, namespace: string, label: string): Pick<Cause, 'says' | 'commands' | 'changes'> => ({
  says: () => `the agent of ${name} does not run on its node`,
  commands: (node) => [`kubectl -n ${namespace} get pods -l ${label} -o wide --field-selector spec.nodeName=${node}`],
  changes: `Shows whether ${name} runs on that node, and why not. Pods that wait get their network as soon as it does.`,
})

/** The texts of the plugins themselves, most telling first. */
const causes: readonly Cause[] = [
  {
    text: /failed to find plugin \\?"([\w.-]+)\\?" in path \[([^\]]*)\]/,
    says: ([, plugin = '', path = '']) => `the CNI plugin ${plugin} is not in ${path}`,
    commands: (node, [, , path = '']) => [`ssh ${node} sudo ls -l ${path.split(' ')[0] ?? '/opt/cni/bin'}`],
    changes:
      'Shows which plugins are there. bridge, host-local, loopback and portmap come with the release archives of containernetworking/plugins; others are put there by the agent of their CNI.',
  },
  {
    text: /no IP addresses available in (?:range set|network):? ?([\w.:/-]*)/,
    says: ([, range = '']) => `no address is left in ${range === '' ? 'the range of its node' : range}`,
    commands: (node) => [`ssh ${node} sudo find /var/lib/cni/networks -type f`],
    changes:
      'Shows the leases of host-local, one file an address. Those of pods that are gone may be removed; else the range of the node is too small for its pods.',
  },
  {
    text: /"?([\w.-]+)\\?"? already has an IP address different from ([\da-fA-F.:/]+)/,
    says: ([, bridge = '', address = '']) => `the bridge ${bridge} of its node has another address than ${address}`,
    commands: (node, [, bridge = 'cni0']) => [`ssh ${node} sudo ip addr show ${bridge}`],
    changes:
      'Shows the address that an earlier configuration gave it. When the node has no pods (kubectl drain), ip link delete removes the bridge, and the plugin makes it anew.',
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
    commands: (node) => [
      `kubectl -n kube-system delete pod -l k8s-app=calico-node --field-selector spec.nodeName=${node}`,
    ],
    changes:
      'Calico’s agent of that node starts anew, and writes a new token for its plugin into /etc/cni/net.d/calico-kubeconfig.',
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
    commands: (node) => [`ssh ${node} sudo ls -l /etc/cni/net.d`],
    changes:
      'Shows what is there; the runtime takes the first file by name, and pods that wait get their network without a restart.',
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
  for (const { text, says, commands, changes } of causes) {
    const found = text.exec(message)
    if (found !== null)
      return { says: says(found), commands: commands(pod.spec?.nodeName ?? 'NODE', found), changes, proof }
  }
  const short = message.replace(/\s+/g, ' ').replace(/^.*(?=failed to setup network)/, '')
  return {
    says: `kubelet says “${short.length > 160 ? `${short.slice(0, 159)}…` : short}”`,
    commands: [],
    changes: '',
    proof,
  }
}
