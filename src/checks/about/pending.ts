import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type KubernetesObject, type Service } from '../../evidence/kubernetes/kinds.ts'
import type { Question } from '../../evidence/question.ts'
import { servedByKubeVip } from '../../lb/kube-vip/announcers.ts'
import { metallbInstalled, metallbSettings } from '../../lb/metallb/install.ts'
import { servedByOther } from '../../lb/other-systems.ts'
import { startOf } from '../../net/words.ts'
import type { Context } from '../check.ts'

type Event = KubernetesObject<'events'>

/** For checks of why MetalLB gives a pending Service no address: true, or why they do not apply. */
export function pendingAtMetallb(context: Context): true | string {
  const { evidence, question } = context
  if (question.service === null) return 'A control-plane VIP is configured in kube-vip, not assigned to a Service.'
  if (question.vip !== null) return `Service ${objectName(question.service)} has its VIP.`
  const other = servedByOther(evidence, question.service)
  if (other !== null) return `${startOf(other.name)} serves this Service.`
  const installed = metallbInstalled(evidence)
  if (!isGap(installed) && !installed) return 'MetalLB is not installed.'
  return !servedByKubeVip(evidence, question) || 'kube-vip serves this Service.'
}

/** The same, for a Service of the class that MetalLB handles. */
export function pendingInItsClass(context: Context): true | string {
  const applies = pendingAtMetallb(context)
  if (applies !== true) return applies
  return ofItsClass(context.evidence, context.question) || 'MetalLB does not handle the Service’s class.'
}

/** Whether MetalLB handles the Service's class: with `--lb-class` only that one, without it only Services that have none. */
export const ofItsClass = (evidence: Evidence, { service }: Question): boolean =>
  (service?.spec?.loadBalancerClass ?? null) === metallbSettings(evidence).lbClass

const refusing: ReadonlySet<string> = new Set([
  'AllocationFailed',
  'LoadBalancerFailed',
  'not enough clusterips',
  'nolbIPsIPFamily',
  'noclusterIPsIPFamily',
  'InternalError',
])

/** The newest event with which MetalLB's controller refused the Service; events are kept for an hour, so its absence proves nothing. */
export function refusalOf({ kubernetes: { events } }: Evidence, service: Service): Event | null {
  const own = (known(events) ?? []).filter(
    ({ reason = '', involvedObject }) =>
      refusing.has(reason) &&
      involvedObject?.kind === 'Service' &&
      `${involvedObject.namespace ?? ''}/${involvedObject.name ?? ''}` === objectName(service),
  )
  return [...own].sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1)).at(-1) ?? null
}

const timeOf = ({ series, lastTimestamp, eventTime, firstTimestamp }: Event): string =>
  series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? ''

/** Whether an event says that pools are full; before 0.16 a named pool that is full was told by a nil address. */
export const saysFull = ({ message = '' }: Event): boolean =>
  message.includes('no available IPs') || /\["?<?nil>?"?\] is not allowed in config/.test(message)
