import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import { perEvidence, perEvidenceAnd } from '../../evidence/memo.ts'
import { kubernetesFile, objectName, type Pod } from '../../evidence/kubernetes/kinds.ts'

type Component = 'speaker' | 'controller'

/** MetalLB's own pods. Its manifests label them `app: metallb, component: …`, its chart and operator `app.kubernetes.io/…`; others show in the image. */
export const metallbPods = perEvidenceAnd((evidence: Evidence, component: Component): Known<readonly Pod[]> => {
  const pods = evidence.kubernetes.pods
  if (isGap(pods)) return pods
  return pods.filter(({ metadata, spec }) => {
    const labels = metadata?.labels ?? {}
    const app = labels.app ?? labels['app.kubernetes.io/name']
    const labelled = labels.component ?? labels['app.kubernetes.io/component']
    if (app === 'metallb' && labelled !== undefined) return labelled === component
    return (spec?.containers ?? []).some(({ image }) => componentOf(image ?? '') === component)
  })
})

/** `quay.io/metallb/speaker:v0.16.1` and mirrors of it. */
const componentOf = (image: string): string | undefined =>
  /(?:^|\/)metallb[/-](speaker|controller)(?=[:@]|$)/.exec(image)?.[1]

/** Whether the listing of pods lacks speakers: their DaemonSet counts more that are ready. Null where it lacks none, or nothing tells. */
export const unlistedSpeaker = perEvidence((evidence: Evidence): Gap | null => {
  const speakers = known(metallbPods(evidence, 'speaker')) ?? []
  const made = known(evidence.kubernetes.daemonsets) ?? []
  const own = made.find(({ metadata }) =>
    speakers.some(({ metadata: pod }) =>
      pod?.ownerReferences?.some(({ kind, name }) => kind === 'DaemonSet' && name === metadata?.name),
    ),
  )
  const ready = own?.status?.numberReady ?? 0
  return own === undefined || ready <= speakers.length
    ? null
    : gap(
        kubernetesFile('pods'),
        `lacks speakers: it shows ${String(speakers.length)}, and DaemonSet ${objectName(own)} counts ${String(ready)} that are ready`,
      )
})

/** Whether a pod says that it is ready; without the condition it is not. */
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false

/** Whether MetalLB is installed: its pods or a workload that should make them. Unknown where neither listing was read. */
export function metallbInstalled(evidence: Evidence): Known<boolean> {
  if (workloads(evidence).length > 0) return true
  const speakers = metallbPods(evidence, 'speaker')
  const controllers = metallbPods(evidence, 'controller')
  if (isGap(speakers)) return speakers
  if (isGap(controllers)) return controllers
  return speakers.length + controllers.length > 0
}

const workloads = perEvidence(({ kubernetes: { daemonsets, deployments } }: Evidence) =>
  [...(known(daemonsets) ?? []), ...(known(deployments) ?? [])].filter(({ spec }) => {
    return isMetallb(spec?.template?.metadata?.labels ?? {})
  }),
)

const isMetallb = (labels: Readonly<Record<string, string>>): boolean =>
  (labels.app ?? labels['app.kubernetes.io/name']) === 'metallb'

/** The Deployment that makes MetalLB's controller; null where it was not read or is not there. */
export const controllerDeployment = ({ kubernetes: { deployments } }: Evidence) =>
  (known(deployments) ?? []).find(({ spec }) => {
    const labels = spec?.template?.metadata?.labels ?? {}
    return isMetallb(labels) && (labels.component ?? labels['app.kubernetes.io/component']) === 'controller'
  }) ?? null

/**
 * How MetalLB was started. `version` is the image's tag without its `v`, null where the tag is none. `lbClass` is the one class of
 * Services that it handles (`--lb-class`), null where it handles those without a class. `memberlist` is false where it is switched off,
 * so that every node counts as alive. `configMap` is where MetalLB up to 0.12 finds its configuration (`--config`).
 */
export interface MetallbSettings {
  readonly namespace: string
  readonly version: string | null
  readonly lbClass: string | null
  readonly ignoresExcludeLabel: boolean
  readonly memberlist: boolean
  readonly configMap: string
}

/** Read from a speaker, else from the controller, else from the workload that makes them (metallb v0.16.1, speaker/main.go and controller/main.go). */
export const metallbSettings = perEvidence((evidence: Evidence): MetallbSettings => {
  const speaker = known(metallbPods(evidence, 'speaker'))?.[0]
  const made = workloads(evidence)[0]
  const pod = speaker ?? known(metallbPods(evidence, 'controller'))?.[0]
  const containers = pod?.spec?.containers ?? made?.spec?.template?.spec?.containers ?? []
  const container = containers.find(({ name }) => name === 'speaker' || name === 'controller') ?? containers[0]
  const args = container?.args ?? []
  const bind = container?.env?.find(({ name }) => name === 'METALLB_ML_BIND_ADDR')
  return {
    namespace: pod?.metadata?.namespace ?? made?.metadata?.namespace ?? 'metallb-system',
    version: /:v?(\d+\.\d+\.\d+)/.exec(container?.image ?? '')?.[1] ?? null,
    lbClass: flag(args, 'lb-class'),
    ignoresExcludeLabel: ['', 'true'].includes(flag(args, 'ignore-exclude-lb') ?? 'false'),
    configMap: flag(args, 'config') ?? 'config',
    memberlist: speaker === undefined || (bind !== undefined && bind.value !== ''),
  }
})

function flag(args: readonly string[], name: string): string | null {
  const found = args.find((arg) => new RegExp(`^--?${name}(=|$)`).test(arg))
  return found === undefined ? null : (found.split('=')[1] ?? '')
}

/** Whether MetalLB is older than a release; a version that is not known counts as new. */
export function olderThan({ version }: Pick<MetallbSettings, 'version'>, release: string): boolean {
  if (version === null) return false
  const parts = (text: string) => text.split('.').map(Number)
  const [own, other] = [parts(version), parts(release)]
  const at = own.findIndex((part, index) => part !== other[index])
  return at !== -1 && (own[at] ?? 0) < (other[at] ?? 0)
}
