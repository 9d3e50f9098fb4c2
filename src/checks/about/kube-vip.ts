import { known } from '../../evidence/gap.ts'
import { podsServing, servedByKubeVip } from '../../lb/kube-vip/announcers.ts'
import { kubeVipMark } from '../../lb/marks.ts'
import { kubeVipPods } from '../../lb/kube-vip/pods.ts'
import type { Context } from '../check.ts'

/** True where kube-vip serves the question's VIP, or why it does not. */
export function servedByKubeVipAlone({ evidence, question }: Context): true | string {
  if (servedByKubeVip(evidence, question)) return true
  const pods = known(kubeVipPods(evidence)) ?? []
  if (pods.length === 0) return 'kube-vip is not installed.'
  if (question.service === null) return 'No kube-vip pod is configured with this VIP.'
  if (podsServing(evidence, question).length > 0 && kubeVipMark(question.service) === null)
    return 'MetalLB serves this Service.'
  return pods.some(({ settings }) => settings.services)
    ? 'kube-vip leaves this Service alone.'
    : 'kube-vip serves the control plane only.'
}
