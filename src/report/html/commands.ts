import type { Finding } from '../../checks/finding.ts'
import { h, nothing, type Markup } from './markup.ts'

/** Commands to copy; `what` says what they do to somebody who hears the page. */
function commandsMarkup(commands: readonly string[], what: string): Markup {
  if (commands.length === 0) return nothing
  return h`<div class="commands"><pre tabindex="0" role="group" aria-label="${what}"><code>${commands.join('\n')}</code></pre><button type="button" class="copy" hidden>Copy</button></div>`
}

/** What mends a finding, what is left to the reader's hands, and what to type to look. */
export function remedyMarkup({ fix, look, advice, refused = [], id }: Finding): Markup {
  const mends =
    fix === null
      ? nothing
      : h`<h4>What mends it: ${fix.summary}</h4>${commandsMarkup(fix.commands, `commands that mend ${id}`)}<details class="more"><summary>What this changes besides</summary><p>${fix.changes}</p></details>`
  const hands = advice === undefined ? nothing : h`<p class="advice">${advice}</p>`
  const looks =
    look.length === 0
      ? nothing
      : h`<details class="more"${fix === null ? h` open` : nothing}><summary>To look at it by hand</summary>${commandsMarkup(look, `commands that only look at ${id}`)}</details>`
  const left = refused.map((why) => h`<p class="quiet">${why}</p>`)
  return h`<div class="remedy">${mends}${hands}${looks}${left}</div>`
}
