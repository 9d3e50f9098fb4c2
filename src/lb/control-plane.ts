import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import type { Pod } from '../evidence/kubernetes.ts'
import type { ControlPlaneVip } from '../evidence/question.ts'
import { parseAddress, type Address } from '../net/address.ts'

/** The control-plane VIPs: `address` (or the older `vip_address`) and `port` of kube-vip pods with `cp_enable`. */
export function controlPlaneVips(evidence: Evidence): Known<readonly ControlPlaneVip[]> {
  const pods = evidence.kubernetes.pods
  if (isGap(pods)) return pods
  const vips = new Map<string, { address: Address; port: number; pods: Pod[] }>()
  for (const pod of pods) {
    const env = kubeVipEnv(pod)
    const address = parseAddress(env.get('address') ?? env.get('vip_address'))
    if (env.get('cp_enable') !== 'true' || address === null) continue
    const port = Number(env.get('port') ?? 6443)
    const key = `${address.text} ${String(port)}`
    const vip = vips.get(key) ?? { address, port, pods: [] }
    vips.set(key, vip)
    vip.pods.push(pod)
  }
  return [...vips.values()]
}

function kubeVipEnv(pod: Pod): ReadonlyMap<string, string> {
  const container = pod.spec?.containers?.find(({ image }) => /(^|\/)kube-vip(-iptables)?(:|@|$)/.test(image ?? ''))
  return new Map(
    (container?.env ?? []).flatMap(({ name, value }) =>
      name !== undefined && value !== undefined ? [[name, value]] : [],
    ),
  )
}
