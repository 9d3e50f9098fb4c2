import { cite, type Proof } from '../../evidence/cite.ts'
import type { Pod } from '../../evidence/kubernetes/kinds.ts'
import { isReady } from './install.ts'
import { counted } from '../../net/words.ts'

/** What a pod's status says about why it is not ready, in one phrase; null for a ready pod. Crash loops show in `restartCount` too, not only as a reason. */
export function whyNotReady(pod: Pod): { readonly says: string; readonly proof: Proof } | null {
  if (isReady(pod)) return null
  const statuses = pod.status?.containerStatuses ?? []
  const waiting = statuses.findIndex(({ state }) => state?.waiting !== undefined)
  const restarting = statuses.findIndex(({ restartCount = 0 }) => restartCount > 0)
  const restarts = restarting === -1 ? 0 : (statuses[restarting]?.restartCount ?? 0)
  if (waiting !== -1) {
    const reason = statuses[waiting]?.state?.waiting?.reason ?? 'waiting'
    const after = restarts > 0 ? ` after ${counted(restarts, 'restart')}` : ''
    return {
      says: `waits: ${reason}${after}`,
      proof: cite(pod, 'status', 'containerStatuses', waiting, 'state', 'waiting', 'reason'),
    }
  }
  if (restarts > 0)
    return {
      says: `is not ready after ${counted(restarts, 'restart')}`,
      proof: cite(pod, 'status', 'containerStatuses', restarting, 'restartCount'),
    }
  const conditions = pod.status?.conditions ?? []
  const unplaced = conditions.findIndex(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')
  if (unplaced !== -1) {
    const [first = ''] = (conditions[unplaced]?.message ?? '').split('. ')
    return {
      says: `has found no node: ${first.replace(/\.$/, '') || 'Unschedulable'}`,
      proof: cite(pod, 'status', 'conditions', unplaced, 'message'),
    }
  }
  return { says: `is ${pod.status?.phase ?? 'in no known phase'} and not ready`, proof: cite(pod, 'status', 'phase') }
}
