/**
 * What the page does beyond being read, and is whole without: filtering the table, copying commands, opening what a link leads into, and
 * opening everything for paper.
 */
export const script = `
'use strict'
const all = (selector, within = document) => [...within.querySelectorAll(selector)]

const form = document.querySelector('.filter')
if (form) {
  form.hidden = false
  const rows = all('.vips tbody tr').map((row) => ({ row, text: row.textContent.toLowerCase() }))
  const apply = () => {
    const words = form.elements.filter.value.toLowerCase().split(/\\s+/)
    const verdict = form.elements.verdict.value
    let shown = 0
    for (const { row, text } of rows) {
      const fits = words.every((word) => text.includes(word)) && (verdict === 'all' || row.className === verdict)
      row.hidden = !fits
      if (fits) shown += 1
    }
    form.querySelector('output').textContent = shown + ' of ' + rows.length
  }
  form.addEventListener('input', apply)
  form.addEventListener('submit', (event) => event.preventDefault())
  apply()
}

if (navigator.clipboard) {
  for (const button of all('.copy')) {
    button.hidden = false
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent)
      button.textContent = 'Copied'
      setTimeout(() => (button.textContent = 'Copy'), 1500)
    })
  }
}

const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true
  if (target) target.scrollIntoView()
}
addEventListener('hashchange', reveal)
if (location.hash) reveal()

let closed = []
addEventListener('beforeprint', () => {
  closed = all('details:not([open])')
  for (const one of closed) one.open = true
})
addEventListener('afterprint', () => {
  for (const one of closed) one.open = false
})
`
