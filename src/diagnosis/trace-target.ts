import type { Evidence } from '../evidence/evidence.ts'
import type { Question } from '../evidence/question.ts'
import { UserError } from '../evidence/user-error.ts'
import { sameAddress } from '../net/address.ts'
import { protocolOf } from '../net/port.ts'
import type { Asked } from './service-questions.ts'
import { everyQuestion, parseTarget, questionsFor } from './targets.ts'

/**
 * The packets that a target of `trace` means: one for each port of a VIP, or the one that is named. Any address may be traced, a VIP or not
 * (a ClusterIP, a node's own address); it must then name its port. `10.32.0.10:53/udp` is UDP.
 *
 * @throws UserError for a text that is no target, an address without a port that is no VIP, a Service without a VIP.
 */
export function packetsToTrace(evidence: Evidence, text: string, asked: Asked): readonly Question[] {
  const [, place = text, suffix = null] = /^(.*:\d+)\/(tcp|udp|sctp)$/.exec(text) ?? []
  const target = parseTarget(place)
  if (target.kind !== 'vip') return withVip(questionsFor(evidence, [target], asked).questions, text)
  const { address, port } = target
  const all = everyQuestion(evidence, asked).filter(
    (question) =>
      sameAddress(question.vip, address) &&
      (port === null || question.port.port === port) &&
      (suffix === null || question.port.protocol === suffix),
  )
  if (all.length > 0) return all
  if (port === null)
    throw new UserError(
      `${address.text} is no VIP that the evidence shows, so its port must be named.`,
      `For example: ${address.family === 4 ? address.text : `[${address.text}]`}:80`,
    )
  const protocol = protocolOf(suffix ?? undefined) ?? 'tcp'
  return [{ ...asked, about: 'address', vip: address, port: { protocol, port } }]
}

function withVip(questions: readonly Question[], text: string): readonly Question[] {
  const known = questions.filter(({ vip }) => vip !== null)
  if (known.length === 0) throw new UserError(`Service ${text} has no VIP yet: there is no packet to trace.`)
  return known
}
