import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { isGap } from '../../src/evidence/gap.ts'
import { htmlFormat } from '../../src/report/html/page.ts'
import { reported } from '../kit/answers.ts'
import { fixture, fixtureStore } from '../kit/fixtures.ts'
import { hostileEvidence, manyVips, ofEachKind } from '../kit/report-evidence.ts'

const withoutOwnScript = (page: string): string => page.replace(/<script>[^]*<\/script>(?=<\/body>)/, '')

test('a page of each kind of recording asks the network for nothing, and every link leads into it', async () => {
  for (const name of ofEachKind) {
    const page = withoutOwnScript(reported(await fixture(name), 'html'))
    expect(page).not.toMatch(/\s(?:src|srcset|action|style|on\w+)=/)
    const ids = new Set([...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id))
    for (const [, target = ''] of page.matchAll(/\shref="([^"]*)"/g))
      expect({ target, there: ids.has(target.slice(1)) }).toEqual({ target, there: true })
    expect(ids.size).toBe([...page.matchAll(/\sid="/g)].length)
  }
})

test('only the script and the style that stand in the page may run', async () => {
  const page = reported(await fixture('hard-way-l2'), 'html')
  for (const [element, directive] of [
    ['script', 'script-src'],
    ['style', 'style-src'],
  ] as const) {
    const [, text = ''] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page) ?? []
    const hash = createHash('sha256').update(text).digest('base64')
    expect(page).toContain(`${directive} 'sha256-${hash}'`)
  }
  expect(page).toContain("default-src 'none'")
})

test('a hostile name is text everywhere', async () => {
  const page = withoutOwnScript(reported(await hostileEvidence(), 'html'))
  expect(page).not.toContain('<script>')
  for (const character of ['\u0007', '\u202e']) expect(page).not.toContain(character)
  expect(page).toContain('&lt;script&gt;document.title=&quot;owned&quot;&lt;/script&gt;')
})

test('a proof shows the lines of the evidence at its place, with their numbers', async () => {
  const page = reported(await fixture('hard-way-healthy'), 'html')
  const [, file = '', line = ''] =
    /<figcaption>(nodes\/controller-0\/iptables-nft-save\.txt):(\d+)<\/figcaption>/.exec(page) ?? []
  const bytes = (await fixtureStore('hard-way-healthy')).read(file)
  if (isGap(bytes)) throw new Error(bytes.reason)
  const text = Buffer.from(bytes).toString().split('\n')[Number(line) - 1] ?? ''
  expect(page).toContain(
    `<span class="row hit"><span class="number">${line}</span>${text.replaceAll('"', '&quot;').replaceAll('>', '&gt;')}`,
  )
})

test('of many VIPs all stand in the table, and those in full that fit a page', async () => {
  const page = reported(await manyVips(120), 'html')
  expect(page.match(/<tr class="unreachable">/g)).toHaveLength(120)
  expect(page.match(/<section class="vip unreachable"/g)).toHaveLength(100)
  expect(page).toContain('20 more VIPs stand in the table only.')
  expect(page).toContain('<h1>None of 120 VIPs can be reached</h1>')
})

test('the same evidence gives the same bytes', async () => {
  expect(reported(await fixture('hard-way-four-faults'), 'html')).toBe(
    reported(await fixture('hard-way-four-faults'), 'html'),
  )
})

test('a failed set-up is a page too', () => {
  const page = htmlFormat.failed(
    { exitCode: 2, message: 'There is no <bundle>.', suggestion: 'Name one.' },
    { name: 'vipdoctor', version: '0' },
  )
  expect(page).toMatch(
    /<h1>vipdoctor could not judge<\/h1><p class="says">There is no &lt;bundle&gt;\.<\/p><p>Name one\.<\/p>/,
  )
})
