import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { endpointsOf, type Endpoint } from '../endpoints.ts'
import { metallbSettings, olderThan } from './install.ts'

/**
 * The endpoints that let MetalLB announce a Service: the ready ones and, since 0.14.0, where none is ready those that still serve while
 * they end (metallb v0.16.1, internal/k8s/epslices).
 */
export function usableEndpoints(evidence: Evidence, question: Question): Known<readonly Endpoint[]> {
  const endpoints = endpointsOf(evidence, question)
  if (isGap(endpoints)) return endpoints
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  if (ready.length > 0 || olderThan(metallbSettings(evidence), '0.14.0')) return ready
  return endpoints.filter(({ slice, index }) => slice.endpoints?.[index]?.conditions?.serving === true)
}
