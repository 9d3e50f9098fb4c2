import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { perEvidence } from '../evidence/memo.ts'
import { keepalivedProcess } from './keepalived.ts'

/** A program in the cluster that announces addresses of Services when told to, and whose orders are not in the evidence. */
export interface OtherAnnouncer {
  readonly name: string
  readonly proof: Proof
}

/** By the image of a pod, and where it announces only when told so, by an argument. */
const byImage: readonly { readonly name: string; readonly image: RegExp; readonly argument?: RegExp }[] = [
  { name: 'kube-router', image: /\bkube-router\b/, argument: /^--advertise-loadbalancer-ip(?:=true)?$/ },
  { name: 'OpenELB', image: /\bopenelb\b/ },
  { name: 'PureLB', image: /\bpurelb\b/ },
  { name: 'keepalived', image: /\bkeepalived\b/ },
]

/** Keys of ConfigMap cilium-config that let its agents announce. */
const ciliumKeys = ['enable-l2-announcements', 'enable-bgp-control-plane']

/** The announcers besides MetalLB and kube-vip that are in evidence. */
export const otherAnnouncers = perEvidence((evidence: Evidence): readonly OtherAnnouncer[] => {
  const { pods, configmaps } = evidence.kubernetes
  const containers = (known(pods) ?? []).flatMap((pod) =>
    (pod.spec?.containers ?? []).map((container, at) => ({ pod, at, ...container })),
  )
  const running = byImage.flatMap(({ name, image, argument }) => {
    const found = containers.find(
      (one) =>
        image.test(one.image ?? '') &&
        (argument === undefined || [...(one.command ?? []), ...(one.args ?? [])].some((text) => argument.test(text))),
    )
    return found === undefined ? [] : [{ name, proof: cite(found.pod, 'spec', 'containers', found.at, 'image') }]
  })
  const cilium = (known(configmaps) ?? []).flatMap((map) => {
    const key = map.metadata?.name === 'cilium-config' && ciliumKeys.find((one) => map.data?.[one] === 'true')
    return typeof key === 'string' ? [{ name: 'Cilium', proof: cite(map, 'data', key) }] : []
  })
  return [...cilium, ...running, ...onNodes(evidence)]
})

/** keepalived outside of pods. */
const onNodes = (evidence: Evidence): OtherAnnouncer[] =>
  evidence.nodeNames.flatMap((node) => {
    const proof = keepalivedProcess(evidence, node)
    return proof === null ? [] : [{ name: `keepalived on ${node}`, proof }]
  })
