import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import type { Service } from '../../evidence/kubernetes/kinds.ts'
import type { Question } from '../../evidence/question.ts'
import type { Announcer, Announcing } from '../announcer.ts'
import { kubeVipMark, metallbMark } from '../marks.ts'
import { metallbInstalled, metallbSettings } from '../metallb/install.ts'
import { boundAnywhere } from './bound.ts'
import { findLease, holderOf, leaseNameFor, secondsOverdue } from './leases.ts'
import { kubeVipPods, podsServing, refusalOf, type KubeVipPod } from './pods.ts'

/** kube-vip, for Services and for the control plane. */
export const kubeVip: Announcer<'kube-vip'> = {
  name: 'kube-vip',
  serves: (evidence, question) => {
    const pods = podsServing(evidence, question)
    const own =
      question.about === 'service' ? pods.length > 0 && !leftToMetallb(evidence, question.service) : pods.length > 0
    if (!own) return null
    const proof = pods.slice(0, 2).map(({ pod }) => cite(pod, 'metadata', 'name'))
    return { by: 'mark', why: 'its pods take it', proof }
  },
  refuses: (evidence, question) => {
    const pods = known(kubeVipPods(evidence))
    if (pods === null || question.about !== 'service') return null
    if (pods.length === 0) return 'kube-vip is not installed.'
    const serving = pods.filter(({ settings }) => settings.services)
    if (serving.length === 0) return 'kube-vip serves the control plane only.'
    return serving.some(({ settings }) => refusalOf(settings, question.service) === null)
      ? null
      : 'kube-vip leaves this Service alone.'
  },
  announces,
  judged: true,
  words: { silence: null, pools: null, sessions: null, off: null },
}

/**
 * Where MetalLB is installed too and handles the Service's class, the one that left its mark on it serves it; MetalLB's mark is the stronger
 * one, since kube-vip adopts what another controller wrote into the status.
 */
function leftToMetallb(evidence: Evidence, service: Service): boolean {
  const metallb = metallbInstalled(evidence)
  if (!isGap(metallb) && !metallb) return false
  if ((service.spec?.loadBalancerClass ?? null) !== metallbSettings(evidence).lbClass) return false
  return metallbMark(service) !== null || kubeVipMark(service) === null
}

/** The holder of a lease that has not run out, else the nodes seen to have the address. */
function announces(evidence: Evidence, question: Question): Announcing {
  const pods = podsServing(evidence, question)
  const eligible = [...new Set(pods.flatMap(({ node }) => node ?? []))].sort()
  const seen = observed(evidence, question, pods, eligible)
  const byBgp = pods.some(({ settings }) => settings.modes[0] === 'bgp') ? seen : []
  return { observed: seen, predicted: null, byBgp, eligible, told: null }
}

function observed(
  evidence: Evidence,
  question: Question,
  pods: readonly KubeVipPod[],
  eligible: readonly string[],
): Known<readonly string[]> {
  const [first] = pods
  const name = first === undefined ? null : leaseNameFor(first.settings, question)
  if (name === null) return eligible
  const lease = findLease(evidence, name)
  if (isGap(lease)) return lease
  const holder = lease === null || (secondsOverdue(evidence, lease) ?? 0) > 0 ? null : holderOf(evidence, lease)
  if (holder !== null) return [holder]
  // A leader that was killed leaves the address on its interface, and the kernel there goes on answering.
  return question.vip === null ? [] : [...new Set(boundAnywhere(evidence, question.vip).map(({ node }) => node))]
}
