import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { fixturePath } from './kit/fixtures.ts'
import { recordedWorld, type World } from './kit/recorded-world.ts'

// The program is built first where a suite names it: '../bin/run.js'

const docs = path.join(import.meta.dirname, '../docs')

let world: World | null = null
afterEach(async () => {
  await world?.close()
  world = null
})

/** The lines of a page that a reader types: those of its shell blocks. */
const typed = (page: string): readonly string[] =>
  [...readFileSync(path.join(docs, page), 'utf8').matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  )

/** What each command of the guide ends with, in the recorded cluster; those that log in somewhere cannot run here. */
const ends: Readonly<Record<string, number>> = {
  'vipdoctor --version': 0,
  'vipdoctor policy --kubernetes': 0,
  'vipdoctor policy --aws': 0,
  'vipdoctor check': 1,
  'vipdoctor explain delivery/vip-not-owned': 0,
  'vipdoctor explain delivery': 0,
  'vipdoctor check 10.240.0.100': 1,
  'vipdoctor collect -o bundle.tar.gz --redact': 0,
  'vipdoctor check --bundle bundle.tar.gz': 1,
}

test('each command of the guide for EC2 ends as the guide says', async () => {
  world = await recordedWorld('hard-way-l2')
  const bundle = path.join(world.folder, 'bundle.tar.gz')
  const ran: Record<string, number | null> = {}
  let first = ''
  for (const line of typed('getting-started-ec2.md').filter(
    (one) => one.startsWith('vipdoctor ') && !one.includes('ssh'),
  )) {
    const words = line
      .split(' ')
      .slice(1)
      .map((word) => (word === 'bundle.tar.gz' ? bundle : word))
    const { code, stdout } = await world.vipdoctor(words, { env: { AWS_REGION: 'us-east-1' } })
    ran[line] = code
    if (line === 'vipdoctor check') first = stdout
  }
  expect(ran).toEqual(ends)
  const [, shown = 'nothing'] =
    /```\n(10\.240\.0\.100:80 {2}[^`]+)```/.exec(readFileSync(path.join(docs, 'getting-started-ec2.md'), 'utf8')) ?? []
  expect(first.startsWith(shown)).toBe(true)
})

test.each([
  ['hard-way-l2', 0, ['1 VIP: 1 unreachable (delivery/vip-not-owned)', 'Fix: give the address to controller-0']],
  ['lan-not-advertised', 1, ['1 VIP: 1 unreachable (announcement/l2-advertisement)', 'kubectl ']],
] as const)('the files that docs/bundle-by-hand.md asks for decide %s', async (name, nth, says) => {
  world = await recordedWorld(name)
  const page = readFileSync(path.join(docs, 'bundle-by-hand.md'), 'utf8')
  const block = [...page.matchAll(/```sh\n([^`]*)```/g)][nth]?.[1] ?? ''
  const files = [...block.matchAll(/> bundle\/(\S+)/g)].map(([, file = '']) => file)
  expect(files.length).toBe(nth === 0 ? 4 : 5)
  const [whole, part] = ['whole', 'part'].map((one) => path.join(world?.folder ?? '', one)) as [string, string]
  for (const folder of [whole, part]) mkdirSync(folder)
  execFileSync('tar', ['xzf', fixturePath(name), '-C', whole])
  for (const file of files) cpSync(path.join(whole, file), path.join(part, file))
  const { stdout } = await world.vipdoctor(['check', '--bundle', part])
  for (const one of says) expect(stdout).toContain(one)
  // None of them is there for nothing.
  for (const file of files) {
    const fewer = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-fewer-'))
    cpSync(part, fewer, { recursive: true })
    rmSync(path.join(fewer, file))
    const lacking = (await world.vipdoctor(['check', '--bundle', fewer])).stdout
    expect({ file, decides: says.every((one) => lacking.includes(one)) }).toEqual({ file, decides: false })
    rmSync(fewer, { recursive: true })
  }
})
