import { questionName } from './targets.ts'
import type { Question } from '../evidence/question.ts'
import { addressAndPort } from '../net/port.ts'

/** `10.240.0.100:80`, with `/udp` where it is not TCP; of what is pending the port alone. */
export function placeOf({ vip, port }: Question): string {
  const place = vip === null ? `port ${port.port}` : addressAndPort(vip.text, port.port)
  return port.protocol === 'tcp' ? place : `${place}/${port.protocol}`
}

/** The target that asks for it: its address and port, or its Service while that has no address. */
export const targetText = (question: Question): string =>
  question.vip === null ? questionName(question) : addressAndPort(question.vip.text, question.port.port)

/** Whose VIP it is: its Service, the object of Kube-OVN, or the control plane. */
export const ownerOf = (question: Question): string =>
  questionName(question) || (question.about === 'control-plane' ? 'the control plane' : 'an address that nothing names')

/** `10.240.0.100:80 (default/nginx-lb)`. */
export const titleOf = (question: Question): string => `${placeOf(question)} (${ownerOf(question)})`
