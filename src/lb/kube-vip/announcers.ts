import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { parseAddress, sameAddress } from '../../net/address.ts'
import { metallbInstalled, metallbSettings } from '../metallb/install.ts'
import { kubeVipMark, metallbMark } from '../marks.ts'
import { boundAnywhere } from './bound.ts'
import { findLease, holderOf, leaseNameFor, secondsOverdue } from './leases.ts'
import { kubeVipPods, refusalOf, servicePods, type KubeVipPod } from './pods.ts'

/** The kube-vip pods that serve a question: those configured with the control-plane VIP, or those that take the Service. */
export function podsServing(evidence: Evidence, { service, controlPlane }: Question): readonly KubeVipPod[] {
  if (service !== null) return servicePods(evidence).filter(({ settings }) => refusalOf(settings, service) === null)
  if (controlPlane === null) return []
  return (known(kubeVipPods(evidence)) ?? []).filter(
    ({ settings }) =>
      settings.controlPlane &&
      settings.port === controlPlane.port &&
      sameAddress(parseAddress(settings.address), controlPlane.address),
  )
}

/**
 * Whether kube-vip serves the question. Where MetalLB is installed too and handles the Service's class, the one that left its mark on it does;
 * MetalLB's mark is the stronger one, since kube-vip adopts what another controller wrote into the status.
 */
export function servedByKubeVip(evidence: Evidence, question: Question): boolean {
  const { service } = question
  if (service === null) return true
  if (podsServing(evidence, question).length === 0) return false
  const metallb = metallbInstalled(evidence)
  if (!isGap(metallb) && !metallb) return true
  if ((service.spec?.loadBalancerClass ?? null) !== metallbSettings(evidence).lbClass) return true
  return metallbMark(service) === null && kubeVipMark(service) !== null
}

/** Who announces a VIP that kube-vip serves: the holder of a lease that has not run out, else the nodes seen to have the address. */
export function kubeVipAnnouncers(evidence: Evidence, question: Question) {
  const pods = podsServing(evidence, question)
  const eligible = [...new Set(pods.flatMap(({ node }) => node ?? []))].sort()
  return {
    system: 'kube-vip' as const,
    observed: observed(evidence, question, pods, eligible),
    predicted: null,
    eligible,
  }
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
