import type { Service } from '../evidence/kubernetes/kinds.ts'
import { parseAddress, type Address } from '../net/address.ts'
import type { AnnouncerName } from './announcers.ts'

/** An address that a Service asks for, and by what: an annotation, or `spec.loadBalancerIP` (null). */
export interface AskedAddress {
  readonly address: Address
  readonly annotation: string | null
}

/** Annotations that ask, in any spelling that people give them: `metallb.io/loadBalancerIPs`, `kube-vip.io/loadbalancerIPs`, `lbipam.cilium.io/ips`. */
const asking = /\/(?:load-?balancer-?ips?|ips|lb-ipam-ips)$/i

/** Every address that a Service asks for, whoever may read that: a list with commas, or of JSON (Calico's). */
export function askedAddresses({ metadata, spec }: Service): readonly AskedAddress[] {
  const told = Object.entries(metadata?.annotations ?? {}).flatMap(([annotation, text]) =>
    asking.test(annotation) ? addressesIn(text).map((address) => ({ address, annotation })) : [],
  )
  return [...told, ...addressesIn(spec?.loadBalancerIP ?? '').map((address) => ({ address, annotation: null }))]
}

const addressesIn = (text: string): readonly Address[] =>
  text.split(/[\s,[\]"]+/).flatMap((part) => parseAddress(part) ?? [])

/** By which annotations a system lets itself be asked, the one that its documentation names first; all of these read `spec.loadBalancerIP`, too. */
const readBy: Partial<Readonly<Record<AnnouncerName, readonly string[]>>> = {
  MetalLB: ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'],
  'kube-vip': ['kube-vip.io/loadbalancerIPs'],
  Cilium: ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips'],
  Calico: ['projectcalico.org/loadBalancerIPs'],
}

/** The annotation that a system reads, where it does not read the one by which it was asked; null where it does, or where that is not known. */
export function annotationInstead(name: AnnouncerName, { annotation }: AskedAddress): string | null {
  const read = readBy[name]
  return read === undefined || annotation === null || read.includes(annotation) ? null : (read[0] ?? null)
}
