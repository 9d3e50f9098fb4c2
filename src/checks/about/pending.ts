import type { ServiceQuestion } from '../../evidence/question.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type KubernetesObject, type Service } from '../../evidence/kubernetes/kinds.ts'
import type { Context } from '../check.ts'

type Event = KubernetesObject<'events'>

/** For checks of why a Service gets no address: true, or why they do not apply. */
export const stillPending = ({ question: { service, vip } }: Context<ServiceQuestion>): true | string =>
  vip === null || `Service ${objectName(service)} has its VIP.`

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
