import { type Question, serviceOf } from '../../evidence/question.ts'
import type { KubeVipPod } from './pods.ts'

/** The interface on which kube-vip is told to put the question's VIP, and who says so; null where it takes that of the default route. */
export interface ToldInterface {
  readonly name: string
  readonly by: string
}

/** A Service's annotation, then `vip_servicesinterface`, then `vip_interface`; `auto` means that kube-vip looks for itself. */
export function toldInterface({ settings }: KubeVipPod, question: Question): ToldInterface | null {
  const service = serviceOf(question)
  const own = service?.metadata?.annotations?.['kube-vip.io/serviceInterface'] ?? ''
  if (own !== '') return { name: own, by: 'the annotation kube-vip.io/serviceInterface' }
  const name = service === null ? settings.interface : settings.servicesInterface
  if (name === null || name === 'auto') return null
  const by = service !== null && name !== settings.interface ? 'vip_servicesinterface' : 'vip_interface'
  return { name, by }
}
