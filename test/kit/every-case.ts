import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Answer } from '../../src/diagnosis/diagnosis.ts'
import { judge, targetOf } from './answers.ts'
import { fixture, fixtureNames, truthOf, wild } from './fixtures.ts'

// Every recording and every case after a public report, each with the question that its truth answers.

const folder = fileURLToPath(new URL('../../fixtures/wild/', import.meta.url))

const wildNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.replace('.tar.gz', ''))
  .sort()

async function recorded(name: string): Promise<Answer> {
  const truth = await truthOf(name)
  return judge(await fixture(name), [targetOf(truth)], truth.client.split(' ')[1])
}

async function reported(name: string): Promise<Answer> {
  const text = readFileSync(`${folder}truth/${name}.json`, 'utf8')
  const { target, client } = JSON.parse(text) as { readonly target: string; readonly client: string }
  return judge(await wild(name), [target], client)
}

/** What is judged of each, by its name. */
export const everyCase: readonly (readonly [name: string, answer: () => Promise<Answer>])[] = [
  ...fixtureNames.map((name) => [name, () => recorded(name)] as const),
  ...wildNames.map((name) => [name, () => reported(name)] as const),
]
