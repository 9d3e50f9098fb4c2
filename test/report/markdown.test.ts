import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { stepSummary } from '../../src/report/markdown.ts'
import { reported } from '../kit/answers.ts'
import { fixture } from '../kit/fixtures.ts'
import { hostileEvidence, hostileName, manyVips, ofEachKind } from '../kit/report-evidence.ts'

/** What GitHub's own parser makes of it (Debian: cmark-gfm), raw HTML let through as GitHub lets <details> through. */
function rendered(text: string): string {
  const extensions = ['table', 'autolink', 'strikethrough'].flatMap((name) => ['-e', name])
  const { status, stdout, error } = spawnSync('cmark-gfm', ['--unsafe', ...extensions], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error !== undefined) throw error
  expect(status).toBe(0)
  return stdout
}

/** Text of a page as a reader sees it. */
const visible = (page: string): string =>
  page
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

test('the cause, its sentence and its command stand there, and the table names where the packet dies', async () => {
  const page = rendered(reported(await fixture('hard-way-l2'), 'markdown'))
  expect(page).toMatch(/<h2>❌ vipdoctor: the VIP is unreachable<\/h2>/)
  expect(visible(page)).toContain(
    'Exit code 1: 10.240.0.100:80 (default/nginx-lb) cannot be reached: delivery/vip-not-owned.',
  )
  expect(page).toMatch(
    /<td><code>10\.240\.0\.100:80<\/code><\/td>\s*<td><code>default\/nginx-lb<\/code><\/td>\s*<td>unreachable<\/td>\s*<td><code>delivery\/vip-not-owned<\/code>/,
  )
  expect(page).toMatch(
    /<pre><code class="language-sh">aws ec2 assign-private-ip-addresses --network-interface-id eni-\w+ --private-ip-addresses 10\.240\.0\.100\n<\/code>/,
  )
})

test('a hostile name is text: no tag, no link, no mention, no cell of its own', async () => {
  const page = rendered(reported(await hostileEvidence(), 'markdown'))
  expect(page).not.toMatch(/<script|<a |<img/)
  expect(visible(page)).toContain('<script>document.title="owned"</script>')
  expect(visible(page)).toContain(hostileName.slice(-40).trim().replace(/\s+/g, ' '))
  const [, , row = ''] = page.split('<tr>')
  expect(row.match(/<td>/g)).toHaveLength(5)
})

test('every sentence of each kind of recording survives the way through Markdown', async () => {
  for (const name of ofEachKind) {
    const { diagnoses } = JSON.parse(reported(await fixture(name), 'json'))
    const page = visible(rendered(reported(await fixture(name), 'markdown')))
    for (const { causes, verdict, path } of diagnoses) {
      for (const { says } of causes) expect(page).toContain(says)
      if (verdict !== 'reachable') for (const { says } of path) expect(page).toContain(says)
    }
  }
})

test('a step’s summary stays under 1 MiB, worst first, and says what was cut', async () => {
  const text = reported(await manyVips(600), 'github-summary')
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1 << 20)
  expect(text).toMatch(/\n100 more VIPs, none of them worse, are left out here\.\n/)
  expect(text).toMatch(
    /\*\*Cut here:\*\* \d+ more parts of this report do not fit into a step’s summary \(1 MiB\)\.\n$/,
  )
  expect(rendered(text)).toMatch(/<details><summary>Proof<\/summary>/)
})

test('a failed set-up says what to do', () => {
  const failure = { exitCode: 2, message: 'There is no <bundle>.', suggestion: 'Name one.' }
  const page = rendered(stepSummary.failed(failure, { name: 'v', version: '0' }))
  expect(visible(page).trim().split('\n')).toEqual([
    '✖ vipdoctor could not judge',
    'There is no <bundle>.',
    'Name one.',
  ])
})
