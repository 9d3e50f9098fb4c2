import type { Finding, Status } from '../../checks/finding.ts'
import { hops, type Hop } from '../../checks/hop.ts'
import type { Diagnosis } from '../../diagnosis/diagnosis.ts'
import { placeText } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Step } from '../../node/trace/types.ts'
import { counted } from '../../net/words.ts'
import { nftRuleText } from '../nft-rule.ts'
import { remedyMarkup } from './commands.ts'
import { h, nothing, own, type Markup } from './markup.ts'
import { proofsMarkup } from './proofs.ts'
import { hopAnchor } from './stops.ts'

const marks: Readonly<Record<Status, string>> = { pass: '✓', warn: '!', fail: '✕', unknown: '?', skipped: '–' }

/** A status as a sign, with its word for who hears the page. */
export const mark = (status: Status): Markup =>
  h`<span class="mark ${status}" aria-hidden="true">${marks[status]}</span><span class="unseen">${status}: </span>`

/** Each hop, closed; behind it all that was found there, with the evidence. The hop of the first cause stands open. */
export function hopsMarkup(evidence: Evidence, diagnosis: Diagnosis, key: string, rules: readonly Step[]): Markup {
  const parts = hops.map((hop) => hopMarkup(evidence, diagnosis, hop, { key, rules }))
  return h`<section class="hops"><h3>The packet’s way, hop by hop</h3>${parts}</section>`
}

function hopMarkup(
  evidence: Evidence,
  { path, findings, causes }: Diagnosis,
  hop: Hop,
  { key, rules }: { readonly key: string; readonly rules: readonly Step[] },
): Markup {
  const here = findings.filter((finding) => finding.hop === hop)
  const told = here.filter(({ status }) => status !== 'skipped')
  const step = path.find((one) => one.hop === hop)
  if (step === undefined && told.length === 0) return nothing
  const status = step?.status ?? worstOf(told)
  const open = causes[0]?.hop === hop ? own(' open') : nothing
  const says = step?.says ?? counted(told.length, 'finding')
  return h`<details class="hop-details ${status}"${open}><summary>${mark(status)}<strong>${hop}</strong> <span class="says">${says}</span></summary><div id="${hopAnchor(key, hop)}" class="inside">${told.toSorted(worstFirst).map((finding) => findingMarkup(evidence, finding))}${hop === 'translation' ? rulesMarkup(rules) : nothing}${skippedMarkup(here)}</div></details>`
}

const order: readonly Status[] = ['fail', 'unknown', 'warn', 'pass', 'skipped']
const weightOf = ({ status }: Finding): number => order.indexOf(status)
const worstFirst = (one: Finding, other: Finding): number => weightOf(one) - weightOf(other)
const worstOf = (findings: readonly Finding[]): Status =>
  order.find((status) => findings.some((finding) => finding.status === status)) ?? 'skipped'

function findingMarkup(evidence: Evidence, finding: Finding): Markup {
  const { id, status, says, gaps = [] } = finding
  const unread = gaps.map(({ source, reason }) => h`<li><code>${source}</code>: ${reason}</li>`)
  return h`<article class="finding ${status}"><h4>${mark(status)}<code>${id}</code></h4><p>${says}</p>${unread.length === 0 ? nothing : h`<ul class="unread">${unread}</ul>`}${status === 'pass' ? nothing : remedyMarkup(finding)}${proofsMarkup(evidence, finding.proof)}</article>`
}

/** The rules that decided on the likeliest way of the packet, each where it stands. */
function rulesMarkup(rules: readonly Step[]): Markup {
  if (rules.length === 0) return nothing
  const rows = rules.map(
    ({ hook, table, chain, place, handle, text }) =>
      h`<tr><td>${hook}</td><td>${table}</td><td><code>${chain}</code></td><td><code>${nftRuleText(text)}</code></td><td>${place === null ? '' : placeText(place)}${handle === null ? '' : ` (handle ${handle})`}</td></tr>`,
  )
  return h`<h4>The rules that decided</h4><div class="scroll" tabindex="0" role="group" aria-label="The rules that decided"><table class="rules"><thead><tr><th scope="col">hook</th><th scope="col">table</th><th scope="col">chain</th><th scope="col">rule</th><th scope="col">where</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function skippedMarkup(here: readonly Finding[]): Markup {
  const skipped = here.filter(({ status }) => status === 'skipped')
  if (skipped.length === 0) return nothing
  const items = skipped.map(({ id, says }) => h`<li><code>${id}</code> ${says}</li>`)
  return h`<details class="more"><summary>${counted(skipped.length, 'check')} did not apply</summary><ul>${items}</ul></details>`
}
