import type { Finding } from '../../checks/finding.ts'
import type { Diagnosis } from '../../diagnosis/diagnosis.ts'
import { ownerOf, placeOf } from '../../diagnosis/title.ts'
import { clientText, type Client } from '../../evidence/question.ts'
import { statusMark, verdictStatus, verdictText, type Look } from '../paint.ts'
import { wrap } from '../wrap.ts'

/** The client in a newcomer's words, behind "from". */
function clientWords(client: Client): string {
  switch (client.kind) {
    case 'vpc':
      return 'another host in the subnet'
    case 'internet':
      return 'the internet'
    case 'node':
      return `node ${client.name}`
    case 'pod':
      return `pod ${client.namespace}/${client.name}`
    case 'address':
    case 'cidr':
      return clientText(client)
  }
}

/** The VIP, whose it is, and the verdict with the client that it is about. */
export function header(diagnosis: Diagnosis, look: Look): string[] {
  const { question, verdict } = diagnosis
  const mark = look.symbols ? `${statusMark(verdictStatus[verdict], look)} ` : ''
  const from = `from ${clientWords(question.client)}`
  return [`${mark}${look.paint.bold(placeOf(question))}  ${ownerOf(question)}`, ...verdictLines(diagnosis, from, look)]
}

/** What loses a part of the packets, where that alone keeps the verdict open; undefined where nothing does. */
export const lostPart = ({ verdict, path, possibleCauses }: Diagnosis): Finding | undefined =>
  verdict !== 'inconclusive'
    ? undefined
    : possibleCauses.find((finding) =>
        path.some((step) => step.id === finding.id && (step.status === 'unknown' || finding.status === 'warn')),
      )

function verdictLines(diagnosis: Diagnosis, from: string, look: Look): string[] {
  const { verdict, path } = diagnosis
  if (verdict === 'unreachable') return [`  ${verdictText(verdict, look, 'UNREACHABLE')} ${from}`]
  if (verdict === 'reachable') return [`  ${verdictText(verdict, look, 'reachable')} ${from}`]
  const lost = lostPart(diagnosis)
  const open = path.filter(({ status }) => status === 'unknown').length
  const [first = '', ...rest] = wrap(
    lost === undefined
      ? `NOT KNOWN ${from}: nothing is wrong in what was read, and ${String(open)} of ${String(path.length)} hops could not be judged`
      : `REACHABLE IN PART ${from}: ${lost.says}`,
    look.width,
    '  ',
  )
  const loud = lost === undefined ? 'NOT KNOWN' : 'REACHABLE IN PART'
  return [first.replace(loud, verdictText(verdict, look, loud)), ...rest]
}
