import type { Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Pod } from '../evidence/kubernetes/kinds.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import type { ControlPlaneVip } from '../evidence/question.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { controlPlaneSets, kubeVipPods } from './kube-vip/pods.ts'
import { kubeadmEndpoint } from './kubeadm.ts'

/**
 * The VIPs of the control plane, with their ports: those of the kube-vip pods that serve it, those of its DaemonSets, which may
 * have none, and kubeadm's endpoint where it is an address that is no node's own.
 */
export function controlPlaneVips(evidence: Evidence): readonly ControlPlaneVip[] {
  const vips = new Map<string, { address: Address; port: number; pods: Pod[]; named: Proof[] }>()
  const vipAt = (address: Address, port: number) => {
    const key = `${address.text} ${String(port)}`
    const vip = vips.get(key) ?? { address, port, pods: [], named: [] }
    vips.set(key, vip)
    return vip
  }
  for (const { pod, settings } of known(kubeVipPods(evidence)) ?? []) {
    const address = parseAddress(settings.address)
    if (settings.controlPlane && address !== null) vipAt(address, settings.port).pods.push(pod)
  }
  for (const { settings } of controlPlaneSets(evidence)) {
    const address = parseAddress(settings.address)
    if (address !== null) vipAt(address, settings.port)
  }
  const endpoint = kubeadmEndpoint(evidence)
  const address = parseAddress(endpoint?.host)
  if (endpoint !== null && address !== null && !nodeNamesByAddress(evidence).has(address.text))
    vipAt(address, endpoint.port).named.push(endpoint.proof)
  return [...vips.values()]
}

const roles = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/** The label by which nodes say that they are of the control plane; null where none does. */
export const controlPlaneLabel = ({ kubernetes: { nodes } }: Evidence): string | null =>
  roles.find((role) => (known(nodes) ?? []).some(({ metadata }) => metadata?.labels?.[role] === '')) ?? null

/** The nodes that say that they are of the control plane, sorted. */
export const controlPlaneNodes = ({ kubernetes: { nodes } }: Evidence): readonly string[] =>
  (known(nodes) ?? [])
    .flatMap(({ metadata }) =>
      roles.some((role) => metadata?.labels?.[role] !== undefined) ? (metadata?.name ?? []) : [],
    )
    .sort()
