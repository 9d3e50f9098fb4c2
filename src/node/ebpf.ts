import type { Evidence } from '../evidence/evidence.ts'
import { perEvidenceAnd } from '../evidence/memo.ts'
import { gapsAmong, isAbsent, known, type Gap } from '../evidence/gap.ts'
import type { ServiceMap } from '../evidence/node/service-map.ts'
import type { Address } from '../net/address.ts'
import { nodeOfPod } from './node-of-pod.ts'

/** An eBPF program that translates on a node, with its table as it was read there. */
export interface EbpfProxy {
  readonly name: 'Cilium' | 'Calico’s eBPF data plane'
  readonly map: ServiceMap
  /** The devices to which it is attached; null where that is not known. */
  readonly devices: readonly string[] | null
  /** How answers go back: SNAT by the node that took the packet, DSR past it, Hybrid DSR for TCP; null where not known. */
  readonly mode: string | null
  /** The node that an address lives on, a pod's or the node's own; null for one outside the cluster. */
  readonly nodeOf: (address: Address) => string | null
}

/**
 * The eBPF program whose table shows that it translates for clients from outside, which neither does beside a kube-proxy: Calico has such a
 * table only in its eBPF mode, Cilium frontends that are no ClusterIP only as a replacement (documentation, "Kubernetes Without kube-proxy").
 */
export const ebpfOn = perEvidenceAnd((evidence: Evidence, node: string): EbpfProxy | null => {
  const here = evidence.node(node)
  const nodeOf = (address: Address) => nodeOfPod(evidence, address)
  const status = known(here.ciliumStatus)
  const cilium = known(here.ciliumBpfLb) ?? known(here.ciliumServices)
  // What the agent lists it need not have written, where its status says that it leaves clients from outside to kube-proxy.
  const leaves = status?.replaces === false && status.mode === null
  if (cilium !== null && !leaves && (status?.replaces === true || translatesOutside(cilium)))
    return {
      name: 'Cilium',
      map: cilium,
      devices: status?.devices ?? null,
      mode: status?.mode ?? null,
      nodeOf,
    }
  const calico = known(here.calicoBpfNat)
  if (calico === null || !translatesOutside(calico)) return null
  return { name: 'Calico’s eBPF data plane', map: calico, devices: null, mode: null, nodeOf }
})

const translatesOutside = ({ frontends }: ServiceMap): boolean => frontends.some(({ isExternal }) => isExternal)

/** Why the table of a program was not read, where a file of it is there. */
export function tableGaps(evidence: Evidence, node: string): readonly Gap[] {
  const { ciliumBpfLb, ciliumServices, calicoBpfNat } = evidence.node(node)
  return gapsAmong(ciliumBpfLb, ciliumServices, calicoBpfNat).filter((one) => !isAbsent(one))
}
