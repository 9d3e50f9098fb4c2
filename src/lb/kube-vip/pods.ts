import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import type { Pod, Service } from '../../evidence/kubernetes/kinds.ts'
import type { ControlPlaneVip, Question } from '../../evidence/question.ts'
import { parseAddress, sameAddress } from '../../net/address.ts'
import type { DaemonSet } from '../no-pod.ts'
import { kubeVipSettings, type KubeVipSettings } from './settings.ts'
import { perEvidence } from '../../evidence/memo.ts'

/** One kube-vip pod with its settings; `node` is null until it is scheduled. */
export interface KubeVipPod {
  readonly pod: Pod
  readonly node: string | null
  readonly settings: KubeVipSettings
}

/** The kube-vip pods, static or of a DaemonSet, found by their image. */
export const kubeVipPods = perEvidence(({ kubernetes: { pods } }): Known<readonly KubeVipPod[]> => {
  if (isGap(pods)) return pods
  return pods.flatMap((pod) => {
    const settings = kubeVipSettings(pod)
    return settings === null ? [] : [{ pod, node: pod.spec?.nodeName ?? null, settings }]
  })
})

/** A DaemonSet of kube-vip with the settings that it gives its pods. */
export interface KubeVipSet {
  readonly set: DaemonSet
  readonly settings: KubeVipSettings
}

/** The DaemonSets of kube-vip that are to serve the control plane: they say so without a pod, too. */
export const controlPlaneSets = perEvidence(({ kubernetes: { daemonsets } }): readonly KubeVipSet[] =>
  (known(daemonsets) ?? []).flatMap((set) => {
    const settings = kubeVipSettings(set.spec?.template ?? {})
    return settings?.controlPlane === true ? [{ set, settings }] : []
  }),
)

/** Those of a control-plane VIP. */
export const setsServing = (evidence: Evidence, question: Question): readonly KubeVipSet[] =>
  question.about !== 'control-plane'
    ? []
    : controlPlaneSets(evidence).filter(({ settings }) => holds(settings, question.controlPlane))

const holds = ({ port, address }: KubeVipSettings, vip: ControlPlaneVip): boolean =>
  port === vip.port && sameAddress(parseAddress(address), vip.address)

/** Those that serve Services. */
export const servicePods = (evidence: Evidence): readonly KubeVipPod[] =>
  (known(kubeVipPods(evidence)) ?? []).filter(({ settings }) => settings.services)

/** Why kube-vip leaves a Service alone: a phrase that completes "kube-vip skips it: …", and the place that says so. */
export interface Refusal {
  readonly why: string
  readonly at: readonly string[]
}

const forcedElection = 'kube-vip.io/forcePerServiceElection'

/** Whether a Service asks for a leader of its own, and kube-vip knows the annotation (kube-vip v1.2.3 pkg/services, `forcedOnly`). */
export const asksForElection = ({ knowsElectionOnDemand }: KubeVipSettings, { metadata }: Pick<Service, 'metadata'>) =>
  knowsElectionOnDemand && metadata?.annotations?.[forcedElection] === 'true'

/** The reason why kube-vip with these settings leaves the Service alone; null where it takes it (kube-vip v1.2.3 pkg/services). */
export function refusalOf(settings: KubeVipSettings, { metadata, spec }: Service): Refusal | null {
  const { className, classOnly, legacyClasses, servicesNamespace } = settings
  if (spec?.type !== 'LoadBalancer') return { why: 'its type is not LoadBalancer', at: ['spec', 'type'] }
  if (metadata?.annotations?.['kube-vip.io/ignore'] === 'true')
    return { why: 'its annotation kube-vip.io/ignore is true', at: ['metadata', 'annotations', 'kube-vip.io/ignore'] }
  if (servicesNamespace !== null && servicesNamespace !== metadata?.namespace)
    return { why: `kube-vip watches the namespace ${servicesNamespace} only`, at: ['metadata', 'namespace'] }
  if (asksForElection(settings, { metadata }) && !settings.servicesElection && !settings.electionOnDemand)
    return {
      why: `its annotation ${forcedElection} is true, and kube-vip runs without per_service_election_on_demand`,
      at: ['metadata', 'annotations', forcedElection],
    }
  const own = spec.loadBalancerClass
  if (own === undefined)
    return classOnly || !legacyClasses
      ? { why: `it has no class, and kube-vip takes the class ${className} only`, at: ['spec', 'loadBalancerClass'] }
      : null
  return own === className
    ? null
    : { why: `its class is ${own}, and kube-vip's is ${className}`, at: ['spec', 'loadBalancerClass'] }
}

/** Where kube-vip takes a Service's address from, in the order in which it looks (kube-vip v1.2.3 pkg/instance/instance.go). */
export type AddressSource = 'annotation' | 'spec' | 'status' | null

/** From where kube-vip takes the address of a Service, first to last; null where there is none. */
export function addressSource({ metadata, spec, status }: Service): AddressSource {
  if ((metadata?.annotations?.['kube-vip.io/loadbalancerIPs'] ?? '') !== '') return 'annotation'
  if ((spec?.loadBalancerIP ?? '') !== '') return 'spec'
  return status?.loadBalancer?.ingress?.some(({ ip }) => ip !== undefined) ? 'status' : null
}

/** The kube-vip pods that serve a question: those configured with the control-plane VIP, or those that take the Service. */
export function podsServing(evidence: Evidence, question: Question): readonly KubeVipPod[] {
  if (question.about === 'service')
    return servicePods(evidence).filter(({ settings }) => refusalOf(settings, question.service) === null)
  if (question.about !== 'control-plane') return []
  const { controlPlane } = question
  return (known(kubeVipPods(evidence)) ?? []).filter(
    ({ settings }) => settings.controlPlane && holds(settings, controlPlane),
  )
}
