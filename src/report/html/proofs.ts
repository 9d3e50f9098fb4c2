import { placeText, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
import { passageOf, type Passage } from '../../evidence/passage.ts'
import { proofValue } from '../details.ts'
import { h, nothing, type Markup } from './markup.ts'

const around = 2
/** Lines of a passage, and characters of a line, that are shown: a minified file is one line of megabytes. */
const [mostLines, mostCharacters] = [18, 400]

/** The proofs of a finding, each with the lines of the evidence at its place. */
export function proofsMarkup(evidence: Evidence, proofs: readonly Proof[], most = 8): Markup {
  if (proofs.length === 0) return nothing
  const left = proofs.length - most
  const rest = left > 0 ? h`<p class="quiet">and ${left} more; the JSON report has all</p>` : nothing
  return h`${proofs.slice(0, most).map((proof) => proofMarkup(evidence, proof))}${rest}`
}

function proofMarkup(evidence: Evidence, proof: Proof): Markup {
  const value = proofValue(proof)
  const passage = passageOf(evidence.store, proof, around)
  const lines = isGap(passage) || isWholeFile(passage) ? nothing : passageMarkup(passage)
  const said = proof.line !== undefined && lines !== nothing ? nothing : h`<p class="value">${shown(value)}</p>`
  return h`<figure class="proof"><figcaption>${placeText(proof)}</figcaption>${said}${lines}</figure>`
}

/** A list of which something is missing is told by its value; all of its lines would prove nothing to a reader. */
const isWholeFile = ({ startLine, endLine }: Passage): boolean => endLine - startLine > 60

function passageMarkup({ startLine, endLine, firstLine, lines }: Passage): Markup {
  const cut = lines.slice(0, mostLines)
  const rows = cut.map((text, index) => {
    const number = firstLine + index
    const hit = number >= startLine && number <= endLine ? 'hit' : ''
    return h`<span class="row ${hit}"><span class="number">${number}</span>${shown(text)}
</span>`
  })
  const left = lines.length - cut.length
  return h`<pre tabindex="0" role="group" aria-label="lines ${firstLine} to ${firstLine + cut.length - 1}"><code>${rows}</code></pre>${left > 0 ? h`<p class="quiet">${left} more lines</p>` : nothing}`
}

const shown = (text: string): string => (text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text)
