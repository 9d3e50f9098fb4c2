import type { Evidence } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
import { serviceOf, type Question } from '../../evidence/question.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { inWords } from '../../net/words.ts'

/**
 * Of several nodes that answer for a VIP those that drop what reaches them: with externalTrafficPolicy: Local the ones without a ready
 * endpoint. None where all do, or none does, and where packets do not hang on who answers: then others say it.
 */
export function droppingNodes(evidence: Evidence, question: Question, nodes: readonly string[]): readonly string[] {
  const endpoints = endpointsOf(evidence, question)
  const local = serviceOf(question)?.spec?.externalTrafficPolicy === 'Local'
  if (!local || !hangsOnAnnouncement(question) || isGap(endpoints)) return []
  const dropping = nodes.filter((node) => !endpoints.some((endpoint) => endpoint.ready && endpoint.node === node))
  return dropping.length === nodes.length ? [] : dropping
}

/** The part of the clients that is lost, as a sentence behind others; empty where none is. */
export const lostPart = (dropping: readonly string[]): string =>
  dropping.length === 0
    ? ''
    : ` With externalTrafficPolicy: Local ${inWords(dropping)} ${dropping.length === 1 ? 'drops' : 'drop'} what comes in there for want of an endpoint: the clients whose request is answered there are lost, the others served.`
