import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { endpointsOf } from '../lb/endpoints.ts'
import { parseAddress } from '../net/address.ts'
import { addressAndPort } from '../net/port.ts'
import type { Outcome, Step } from '../node/trace/types.ts'

/** The rule that translated a packet, and whether a kube-proxy wrote it, or what stands for one. Null for a packet that was not translated. */
export interface Translator {
  readonly step: Step
  readonly kubeProxy: boolean
}

/** What wrote the packet’s new destination; null where nothing did, or no rule shows it. */
export function translatorOf({ packet, steps }: Outcome): Translator | null {
  if (!packet.translated) return null
  const step = steps.findLast(({ did }) => did === 'dnat' || did === 'redirect')
  return step === undefined ? null : { step, kubeProxy: isKubeProxys(step) }
}

/** kube-proxy translates in chains named KUBE-…, in its own nftables table, or by IPVS (kubernetes v1.34.4 pkg/proxy); an eBPF program by its table. */
const isKubeProxys = ({ backend, table, chain }: Step): boolean =>
  backend === 'ipvs' || backend === 'ebpf' || chain.startsWith('KUBE-') || /\bkube-proxy\b/.test(table)

/** Where a translated packet goes, as text that an endpoint's place can be compared with. */
export const placeOf = ({ packet }: Outcome): string => addressAndPort(packet.destination.text, packet.destinationPort)

/** The addresses and ports of all endpoints that the API server lists for the Service, ready or not. */
export function listedPlaces(evidence: Evidence, question: Question): Known<ReadonlySet<string>> {
  const endpoints = endpointsOf(evidence, question)
  if (isGap(endpoints)) return endpoints
  return new Set(endpoints.map(({ address, port }) => addressAndPort(parseAddress(address)?.text ?? address, port)))
}
