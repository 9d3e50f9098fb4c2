import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { checks } from '../../src/checks/index.ts'
import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import { strictPolicy } from '../../src/diagnosis/gate.ts'
import { parseAddress } from '../../src/net/address.ts'
import { htmlFormat } from '../../src/report/html/page.ts'
import { withCaptures } from '../capture/captures.ts'
import { judge, printed, reported } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'
import { hostileEvidence, hostileName } from '../kit/report-evidence.ts'

/** Debian's; `make e2e` installs it. */
const executablePath = '/usr/bin/chromium'
const inBrowser = existsSync(executablePath) ? describe : describe.skip

interface Results {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
}

inBrowser('the page in Chromium', () => {
  let browser: Browser
  let folder: string
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-html-'))
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  interface Opened {
    readonly page: Page
    /** What the page asked for besides itself, and what went wrong in it. */
    readonly asked: string[]
    readonly wrong: string[]
  }

  async function open(html: string, { width = 1280, height = 900, dark = false, script = true } = {}): Promise<Opened> {
    const file = path.join(folder, 'page.html')
    writeFileSync(file, html)
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      javaScriptEnabled: script,
    })
    const page = await context.newPage()
    const asked: string[] = []
    const wrong: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('console', (message) => wrong.push(message.text()))
    page.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.goto(pathToFileURL(file).href)
    return { page, asked: asked.slice(1), wrong }
  }

  test.each([
    [400, '.picture.tall', '.picture.wide'],
    [1280, '.picture.wide', '.picture.tall'],
    [2560, '.picture.wide', '.picture.tall'],
  ])(
    'at %i pixels nothing sticks out, and the picture of that width shows where the packet dies',
    async (width, shown, hidden) => {
      const { page, asked, wrong } = await open(reported(await fixture('hard-way-four-faults'), 'html'), { width })
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      expect(await page.locator(hidden).isVisible()).toBe(false)
      const picture = page.locator(shown)
      expect(await picture.locator('.bubble').textContent()).toMatch(
        /dies here.*No network interface of the VPC holds 10\.240\.0\.100/,
      )
      const dying = await picture.locator('.badge.ends .disc').boundingBox()
      const other = await picture.locator('.badge.reached .disc').first().boundingBox()
      expect(dying?.width ?? 0).toBeGreaterThan(1.5 * (other?.width ?? Infinity))
      expect(await picture.locator('.badge').count()).toBe(8)
      expect({ asked, wrong }).toEqual({ asked: [], wrong: [] })
    },
  )

  test('on a screen the place where the packet dies is seen without scrolling', async () => {
    const { page } = await open(reported(await fixture('hard-way-l2'), 'html'))
    const box = await page.locator('.picture.wide .badge.ends').boundingBox()
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(900)
  })

  test('a click on a hop of the picture opens its evidence', async () => {
    const { page } = await open(reported(await fixture('hard-way-healthy'), 'html'))
    const evidence = page.locator('#reachable-1-translation')
    expect(await evidence.isVisible()).toBe(false)
    await page.locator('.picture.wide a[aria-label^="translation:"]').click()
    await evidence.waitFor({ state: 'visible' })
    expect(await evidence.locator('.row.hit').first().textContent()).toMatch(/^\d+.*KUBE-/)
    expect(await evidence.locator('table.rules').textContent()).toMatch(/KUBE-SVC-/)
  })

  test('the same by keyboard alone', async () => {
    const { page } = await open(reported(await fixture('hard-way-healthy'), 'html'))
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab')
      if (await page.evaluate("document.activeElement?.getAttribute('aria-label')?.startsWith('delivery:') === true"))
        break
    }
    await page.keyboard.press('Enter')
    await page.locator('#reachable-1-delivery').waitFor({ state: 'visible' })
  })

  test('without a script it is whole: pictures, causes, evidence behind each hop', async () => {
    const { page } = await open(reported(await fixture('hard-way-l2'), 'html'), { script: false })
    expect(await page.locator('.bubble').first().isVisible()).toBe(true)
    await page.locator('.hop-details.pass > summary').first().click()
    expect(await page.locator('.hop-details.pass[open] .finding').first().isVisible()).toBe(true)
    expect(await page.locator('.copy').first().isVisible()).toBe(false)
  })

  test('a command is copied as it stands', async () => {
    const { page } = await open(reported(await fixture('hard-way-l2'), 'html'))
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.locator('.cause .copy').first().click()
    // The clipboard takes its time.
    await page.locator('.cause .copy', { hasText: /^Copied$/ }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(
      /^aws ec2 assign-private-ip-addresses --network-interface-id eni-/,
    )
  })

  test('a hostile name is read as it was written, and nothing of it runs', async () => {
    const { page, asked, wrong } = await open(reported(await hostileEvidence(), 'html'))
    expect(await page.title()).toBe('Nobody can reach 10.240.0.100:80')
    expect(await page.locator('.owner').textContent()).toContain(hostileName.slice(0, 40))
    expect({ asked, wrong }).toEqual({ asked: [], wrong: [] })
  })

  test('10,000 VIPs are a table that filters', async () => {
    const { page } = await open(await tenThousand())
    const rows = page.locator('.vips tbody tr')
    expect(await rows.count()).toBe(10_000)
    expect(await page.locator('.filter output').textContent()).toBe('10000 of 10000')
    const filteredMs = await page.evaluate<number>(`(() => {
      const [started, field] = [performance.now(), document.querySelector('#filter')]
      field.value = 'web-09999'
      field.dispatchEvent(new Event('input', { bubbles: true }))
      document.body.getBoundingClientRect()
      return performance.now() - started
    })()`)
    // As typed by a person it must not be felt as waiting; the bound leaves room for a busy machine.
    expect(filteredMs).toBeLessThan(3_000)
    expect(await page.locator('.filter output').textContent()).toBe('1 of 10000')
    expect(await page.locator('.vips tbody tr:not([hidden])').textContent()).toContain('default/web-09999')
    await page.locator('#filter').fill('')
    await page.locator('.filter input[value=reachable]').check()
    await page.locator('.filter output', { hasText: /^5000 of 10000$/ }).waitFor()
    expect(await page.locator('.vips tbody tr:not([hidden])').first().textContent()).toContain('reachable')
  })

  test('who claimed the VIP when, and that two did, stands in the timeline', async () => {
    const evidence = await withCaptures('lan-healthy', { 'client/stranger': 'stranger-client' })
    const { page } = await open(reported(evidence, 'html'))
    const timeline = page.locator('.timeline')
    expect(await timeline.locator('figcaption').textContent()).toMatch(/claimed by several at the same time/)
    expect(await timeline.locator('.conflict').count()).toBe(1)
    expect(await timeline.locator('.lane-name').allTextContents()).toContain('who has it? (requests)')
    expect(await timeline.locator('svg[role=img] .answered').count()).toBe(10)
    await timeline.locator('summary').click()
    expect(await timeline.locator('tbody tr').first().textContent()).toMatch(/0\.000 s(request|reply)/)
  })

  test('on paper every hop is open, and the wide picture stands there', async () => {
    const { page } = await open(reported(await fixture('hard-way-l2'), 'html'), { width: 400 })
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.picture.wide').isVisible()).toBe(true)
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(await page.locator('details:not([open])').count()).toBe(0)
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(await page.locator('details[open]').count()).toBe(1)
  })

  const phone = { width: 400, dark: true }
  test.each([
    ['causes', () => fixture('hard-way-four-faults'), [{}, phone]],
    ['a healthy VIP', () => fixture('nftables'), [phone]],
    ['what is not known', () => variant('hard-way-healthy', { 'aws/': null }), [{ dark: true }]],
    ['a pending Service', () => fixture('pending-no-pool'), [phone]],
    [
      'a capture',
      () => withCaptures('lan-healthy', { 'client/x': 'stranger-client', 'client/y': 'metallb-failover-client' }),
      [{}],
    ],
  ])('axe finds nothing, in light and dark, on a phone and a screen: %s', async (_, evidence, looks) => {
    const html = reported(await evidence(), 'html')
    for (const look of looks) await expectAccessible(html, look)
  })

  test('axe finds nothing in a table of many, and in a failed set-up', async () => {
    await expectAccessible(await tenThousand(4), {})
    const failure = { exitCode: 2, message: 'There is no bundle.', suggestion: 'Name one.' }
    await expectAccessible(htmlFormat.failed(failure, { name: 'vipdoctor', version: '0' }), { dark: true })
  })

  async function expectAccessible(
    html: string,
    look: { readonly width?: number; readonly dark?: boolean },
  ): Promise<void> {
    const { page } = await open(html, look)
    // Closed parts are read too, once they are open. The page's own policy keeps scripts out, so axe comes by the debugger.
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    const session = await page.context().newCDPSession(page)
    await session.send('Runtime.evaluate', { expression: axeSource })
    const { violations } = await page.evaluate<Results>('axe.run()')
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join('\n')}`),
    ).toEqual([])
    await page.close()
  }
})

const axeSource = (createRequire(import.meta.url)('axe-core') as { readonly source: string }).source

/** A page of so many VIPs, half of them reachable: two recordings' diagnoses over and over, each with a name and an address of its own. */
async function tenThousand(count = 10_000): Promise<string> {
  const evidence = await fixture('hard-way-l2')
  const answers = [judge(await fixture('hard-way-l2'), []), judge(await fixture('hard-way-healthy'), [])]
  const diagnoses = answers.flatMap((answer, which) =>
    Array.from({ length: count / 2 }, (_, index) => renamed(answer.diagnoses[0], which * (count / 2) + index)),
  )
  const [answer] = answers
  if (answer === undefined) throw new Error('no answer')
  const setting = {
    tool: { name: 'vipdoctor', version: '0.0.0' },
    checks,
    evidence,
    reading: { from: 'bundle', path: 'bundle.tar.gz' } as const,
    failOn: strictPolicy.failOn,
    acceptanceOf: () => null,
  }
  return printed(
    { ...answer, diagnoses, counts: { unreachable: count / 2, inconclusive: 0, reachable: count / 2 } },
    htmlFormat.report(setting),
  )
}

function renamed(diagnosis: Diagnosis | undefined, index: number): Diagnosis {
  if (diagnosis?.question.about !== 'service') throw new Error('no diagnosis of a Service')
  const { service } = diagnosis.question
  const metadata = { ...service.metadata, name: `web-${String(index).padStart(5, '0')}` }
  const vip = parseAddress(`10.240.${index >> 8}.${index & 255}`)
  return { ...diagnosis, question: { ...diagnosis.question, vip, service: { ...service, metadata } } }
}
