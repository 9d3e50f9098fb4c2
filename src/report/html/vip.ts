import type { Cause, Diagnosis } from '../../diagnosis/diagnosis.ts'
import type { Finding } from '../../checks/finding.ts'
import { ownerOf, placeOf } from '../../diagnosis/title.ts'
import type { Client, Question } from '../../evidence/question.ts'
import { clientText } from '../../evidence/question.ts'
import { sceneOf } from '../../journey/scene.ts'
import { clauseOf } from '../brief.ts'
import type { Setting } from '../reporter.ts'
import { remedyMarkup } from './commands.ts'
import type { Drawn } from './drawn.ts'
import { hopsMarkup, mark } from './hops.ts'
import { h, nothing, type Markup } from './markup.ts'
import { proofsMarkup } from './proofs.ts'
import { hopAnchor, stopsOf } from './stops.ts'
import { tallPicture } from './tall-picture.ts'
import { timelinesMarkup } from './timeline-picture.ts'
import { widePicture } from './wide-picture.ts'

/** One VIP in full: the picture, what stops the packet and mends it, then the evidence hop by hop. */
export function vipMarkup(diagnosis: Diagnosis, setting: Setting, key: string): Markup {
  const { question, causes, possibleCauses, alsoWrong, findings, verdict } = diagnosis
  const { evidence } = setting
  const scene = sceneOf(evidence, question, diagnosis.receiving)
  const drawn: Drawn = {
    scene,
    stops: stopsOf(diagnosis, key),
    client: clientLines(question.client),
    title: `The way of a packet to ${placeOf(question)}: ${verdict}`,
    reason: causes[0] === undefined ? null : clauseOf(causes[0].says, 120),
  }
  const warnings = findings.filter((finding) => finding.status === 'warn' && !possibleCauses.includes(finding))
  return h`<section class="vip ${verdict}" id="${key}" aria-labelledby="${key}-title"><h2 id="${key}-title"><span class="address">${placeOf(question)}</span> <span class="owner">${ownerOf(question)}</span> <span class="verdict ${verdict}">${verdictWords[verdict]}</span></h2><p class="from">from ${clientWords(question)}</p>
<div class="drawing">${widePicture(drawn)}${tallPicture(drawn)}</div>
${causes.map((cause, index) => causeMarkup(cause, index, causes.length, key, setting))}
${listMarkup('Possible causes', possibleCauses, setting)}${listMarkup('Broken too, but not on this packet’s way', alsoWrong, setting)}${listMarkup('Warnings', warnings, setting)}
${timelinesMarkup(evidence, diagnosis)}${hopsMarkup(evidence, diagnosis, key, scene.rules)}</section>`
}

const verdictWords = { reachable: 'reachable', unreachable: 'unreachable', inconclusive: 'not known' } as const

function clientLines(client: Client): readonly string[] {
  if (client.kind === 'vpc') return ['another host', 'in the subnet']
  if (client.kind === 'internet') return ['on the internet']
  if (client.kind === 'pod') return [client.name, client.namespace]
  return [clientText(client)]
}

function clientWords({ client }: Question): string {
  if (client.kind === 'vpc') return 'another host in the subnet'
  return client.kind === 'internet' ? 'a client on the internet' : clientText(client)
}

function causeMarkup(
  cause: Cause,
  index: number,
  count: number,
  key: string,
  { evidence, acceptanceOf }: Setting,
): Markup {
  const { id, awsCode, says, consequences, hop } = cause
  const accepted = acceptanceOf(cause)
  const title = count === 1 ? 'Why' : `Cause ${index + 1} of ${count}`
  return h`<section class="cause"><h3>${title} <a class="id" href="#${hopAnchor(key, hop)}"><code>${id}</code></a>${awsCode === undefined ? nothing : h` <span class="aws">${awsCode}</span>`}</h3>${accepted === null ? nothing : h`<p class="accepted">Accepted${accepted.until === null ? '' : ` until ${accepted.until}`}: ${accepted.reason}</p>`}<p class="says">${says}</p>${remedyMarkup(cause)}<details class="more"><summary>Proof</summary>${proofsMarkup(evidence, cause.proof)}</details>${consequences.length === 0 ? nothing : h`<h4>Follows from it, and goes away with it</h4>${plainList(consequences)}`}</section>`
}

const plainList = (findings: readonly Finding[]): Markup =>
  h`<ul class="plain">${findings.map(({ id, status, says }) => h`<li>${mark(status)}<code>${id}</code> ${says}</li>`)}</ul>`

function listMarkup(title: string, findings: readonly Finding[], { acceptanceOf, evidence }: Setting): Markup {
  if (findings.length === 0) return nothing
  const items = findings.map((finding) => {
    const accepted = acceptanceOf(finding)
    return h`<details class="also"><summary>${mark(finding.status)}<code>${finding.id}</code> ${finding.says}${accepted === null ? '' : ` Accepted: ${accepted.reason}`}</summary><div class="inside">${remedyMarkup(finding)}${proofsMarkup(evidence, finding.proof)}</div></details>`
  })
  return h`<section class="also-wrong"><h3>${title}</h3>${items}</section>`
}
