import type { Verdict } from '../../diagnosis/diagnosis.ts'
import { h, type Markup } from './markup.ts'

/** A VIP in the table. `href` is the anchor of its own part of the page; null where it has none. */
export interface Row {
  readonly verdict: Verdict
  readonly place: string
  readonly owner: string
  /** The first cause, or the hop that is not known. */
  readonly why: string
  readonly href: string | null
}

const words = { reachable: 'reachable', unreachable: 'unreachable', inconclusive: 'not known' } as const
const signs = { reachable: '✓', unreachable: '✕', inconclusive: '?' } as const

/** The row, with all that the filter looks at as text. */
export function tableRow({ verdict, place, owner, why, href }: Row): Markup {
  const name = href === null ? h`${place}` : h`<a href="#${href}">${place}</a>`
  return h`<tr class="${verdict}"><td><span class="verdict ${verdict}"><span aria-hidden="true">${signs[verdict]} </span>${words[verdict]}</span></td><th scope="row">${name}</th><td>${owner}</td><td><code>${why}</code></td></tr>
`
}

/** All VIPs, worst first, to be filtered: the filter shows itself where its script runs. */
export const tableMarkup = (rows: readonly Markup[], total: number): Markup =>
  h`<section class="all" aria-labelledby="all-title"><h2 id="all-title">All VIPs</h2><form class="filter" role="search" hidden><label for="filter">Filter</label><input id="filter" type="search" placeholder="address, Service, finding" autocomplete="off"><fieldset><legend class="unseen">Verdict</legend>${(['all', 'unreachable', 'inconclusive', 'reachable'] as const).map((value, index) => h`<label><input type="radio" name="verdict" value="${value}"${index === 0 ? h` checked` : ''}> ${value === 'all' ? 'all' : words[value]}</label>`)}</fieldset><output for="filter">${total} of ${total}</output></form><div class="scroll" tabindex="0" role="group" aria-labelledby="all-title"><table class="vips"><thead><tr><th scope="col">verdict</th><th scope="col">VIP</th><th scope="col">of</th><th scope="col">dies at</th></tr></thead><tbody>${rows}</tbody></table></div></section>`
