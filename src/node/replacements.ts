import { hasBpf } from '../evidence/kubernetes/felix.ts'
import { cite, citeFile, type Proof } from '../evidence/cite.ts'
import { citeFirst, type Evidence, type NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Pod } from '../evidence/kubernetes/kinds.ts'
import { podsOn } from '../evidence/kubernetes/pods.ts'
import { perEvidenceAnd } from '../evidence/memo.ts'
import { counted } from '../net/words.ts'
import { ebpfOn, type EbpfProxy } from './ebpf.ts'
import { kubeProxyProcesses, serviceRules } from './service-proxy.ts'

/** A program that takes Services from kube-proxy, by what it leaves on the node. */
export interface Replacement {
  readonly name: string
  readonly proof: Proof
}

interface Candidate extends Replacement {
  /** It handles Services whatever else is there: by what it is, or because its configuration says so. */
  readonly always: boolean
}

interface Trace {
  readonly name: string
  readonly process?: RegExp
  readonly device?: RegExp
  /** The image of its agent, whose pod on a node shows that it runs there. */
  readonly image?: RegExp
  readonly always?: boolean
  /** Whether Felix's configuration switches it on. */
  readonly byFelix?: boolean
  /** The ConfigMap that says whether it handles Services, and what stands there then. */
  readonly config?: { readonly map: string; readonly key: string; readonly says: RegExp }
}

/**
 * Processes and devices of programs that can handle Services. Only `always` do it whatever else is there; the others leave Services to a
 * kube-proxy that runs beside them, unless their configuration says otherwise. k3s is not among them: it carries kube-proxy inside itself,
 * with kube-proxy's own rules.
 */
const traces: readonly Trace[] = [
  { name: 'kube-router', process: /\bkube-router\b.*--run-service-proxy(?:=true)?(?:\s|$)/, always: true },
  { name: 'kube-router', device: /^kube-dummy-if$/, always: true },
  { name: 'Calico’s eBPF data plane', device: /^bpf(?:in|natin)(?:\.cali)?$/, always: true },
  { name: 'Calico’s eBPF data plane', image: /\bcalico\/node[:@]/, byFelix: true },
  {
    name: 'Cilium',
    process: /\bcilium-agent\b/,
    device: /^cilium_host$/,
    image: /\bcilium\/cilium(?:-ci)?[:@]/,
    config: { map: 'cilium-config', key: 'kube-proxy-replacement', says: /^(?:true|strict)$/ },
  },
  { name: 'OVN-Kubernetes', process: /\bovnkube\b/, device: /^ovn-k8s-mp0$/ },
  {
    name: 'Antrea',
    process: /\bantrea-agent\b/,
    device: /^antrea-gw0$/,
    config: { map: 'antrea-config', key: 'antrea-agent.conf', says: /^\s*proxyAll:\s*true\b/m },
  },
]

/**
 * Who handles Services on a node instead of a kube-proxy, null where nobody is seen to. Whoever may run beside a kube-proxy counts only where
 * none has written rules; whoever handles Services in every case counts unless a kube-proxy runs, too (`rivalsOn`).
 */
export const replacementOn = perEvidenceAnd((evidence: Evidence, node: string): Replacement | null => {
  const here = evidence.node(node)
  const rules = serviceRules(here)
  // kube-router writes virtual servers of its own, which are no proof of a kube-proxy.
  const withKubeProxy = rules !== null && (rules.mode !== 'ipvs' || hasKubeChains(here))
  // A table that was read decides before any rule of a kube-proxy.
  const isFirst = kubeProxyProcesses(here).length === 0 || ebpfOn(evidence, node) !== null
  const found = seen(evidence, here).find(({ always }) => !withKubeProxy || (always && isFirst))
  return found === undefined ? null : { name: found.name, proof: found.proof }
})

/** Programs on the node that handle Services in every case, whatever kube-proxy does: beside a kube-proxy that is one too many. */
export const rivalsOn = (evidence: Evidence, node: string): readonly Replacement[] => [
  ...new Map(
    seen(evidence, evidence.node(node)).flatMap(({ name, proof, always }) => (always ? [[name, { name, proof }]] : [])),
  ).values(),
]

function seen(evidence: Evidence, here: NodeEvidence): readonly Candidate[] {
  const processes = known(here.processes)
  const links = known(here.ipLink) ?? []
  const ebpf = ebpfOn(evidence, here.name)
  const table: readonly Candidate[] =
    ebpf === null ? [] : [{ name: ebpf.name, proof: citeFile(ebpf.map.file, tableText(ebpf)), always: true }]
  const left = traces.flatMap(({ name, process, device, image, always = false, byFelix = false, config }) => {
    const running = processes === null || process === undefined ? null : citeFirst(processes, process)
    const link = device === undefined ? undefined : links.find(({ ifname }) => device.test(ifname ?? ''))
    const handles = always || isConfigured(evidence, config) || (byFelix && hasBpf(evidence))
    // A pod says nothing of a node's rules: what may run beside a kube-proxy is told by its configuration then.
    const pod = processes === null && handles && image !== undefined ? podOn(evidence, here.name, image) : null
    const proof = running ?? (link === undefined ? pod : cite(link, 'ifname'))
    return proof === null ? [] : [{ name, proof, always: handles }]
  })
  return [...table, ...left]
}

const tableText = ({ map }: EbpfProxy): string => counted(map.frontends.length, 'frontend')

/** The running pod of a program on a node, by the image of one of its containers. */
export const runningPodOn = (evidence: Evidence, node: string, image: RegExp): Pod | undefined =>
  podsOn(evidence, node).find(
    ({ spec, status }) =>
      status?.phase === 'Running' && (spec?.containers ?? []).some((container) => image.test(container.image ?? '')),
  )

/** That such a pod runs there. */
export function podOn(evidence: Evidence, node: string, image: RegExp): Proof | null {
  const pod = runningPodOn(evidence, node, image)
  return pod === undefined ? null : cite(pod, 'spec', 'nodeName')
}

const isConfigured = ({ kubernetes }: Evidence, config: Trace['config']): boolean =>
  config !== undefined &&
  (known(kubernetes.configmaps) ?? []).some(
    ({ metadata, data }) => metadata?.name === config.map && config.says.test(data?.[config.key] ?? ''),
  )

const hasKubeChains = (here: NodeEvidence): boolean =>
  [known(here.iptablesNft), known(here.iptablesLegacy)].some((save) =>
    save?.tables.get('nat')?.chains.has('KUBE-SERVICES'),
  )

/** `registry.k8s.io/kube-proxy:v1.34.1`, and the builds of distributions. */
export const kubeProxyImage = /(?:^|\/)(?:[\w-]*-)?kube-proxy(?:-amd64|-arm64)?[:@]/
