import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import type { Pod } from '../evidence/kubernetes/kinds.ts'
import type { ControlPlaneVip } from '../evidence/question.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { kubeVipPods } from './kube-vip/pods.ts'

/** The control-plane VIPs: address and port of the kube-vip pods that serve the control plane. */
export function controlPlaneVips(evidence: Evidence): Known<readonly ControlPlaneVip[]> {
  const pods = kubeVipPods(evidence)
  if (isGap(pods)) return pods
  const vips = new Map<string, { address: Address; port: number; pods: Pod[] }>()
  for (const { pod, settings } of pods) {
    const address = parseAddress(settings.address)
    if (!settings.controlPlane || address === null) continue
    const key = `${address.text} ${String(settings.port)}`
    const vip = vips.get(key) ?? { address, port: settings.port, pods: [] }
    vips.set(key, vip)
    vip.pods.push(pod)
  }
  return [...vips.values()]
}
