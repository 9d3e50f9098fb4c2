import { describe, expect, test } from '@jest/globals'
import { pathHops } from '../../src/checks/hop.ts'
import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import { hiddenBy, mootTable } from '../../src/diagnosis/moot.ts'
import { changesOf } from '../fabric/ec2/edits.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { variant } from '../kit/fixtures.ts'
import { client, cannotBeTogether, faults, type Fault } from './pairs/faults.ts'

// Each fault of a healthy cluster alone, and each two together: what was done to it is found, and nothing else is blamed.

async function diagnosed(...these: readonly Fault[]): Promise<Diagnosis> {
  const inOrder = [...these].sort((one, other) => (one.overwrites ?? 0) - (other.overwrites ?? 0))
  const changes = changesOf(inOrder.map(({ edits }) => edits))
  return diagnosisOf(await variant('hard-way-healthy', changes), 'default/nginx-lb', client)
}

const causesOf = ({ causes }: Diagnosis): string[] => causes.map(({ id }) => id)

/** The lines of the table that were the reason for something, each way that they can be read. */
const used = new Set<string>()

/** What became of one fault in a diagnosis. */
function fateOf({ finding, warns }: Fault, { causes, findings }: Diagnosis): string {
  if (causes.some(({ id }) => id === finding)) return 'cause'
  if (causes.some(({ consequences }) => consequences.some(({ id }) => id === finding))) return 'consequence'
  const failing = causes.flatMap(({ id, consequences }) => [id, ...consequences.map((one) => one.id)])
  const hop = finding.slice(0, finding.indexOf('/'))
  const hiding = [finding, hop].flatMap((name) =>
    hiddenBy(name).flatMap(({ whileFailing }) =>
      whileFailing.filter((id) => failing.includes(id)).map((id) => `${name} while ${id}`),
    ),
  )
  for (const line of hiding) used.add(line)
  if (hiding.length > 0) return 'moot'
  if (warns !== undefined && findings.some(({ id, status }) => id === finding && status === 'warn')) return 'warning'
  return 'lost'
}

const together = (one: Fault, other: Fault): boolean =>
  !cannotBeTogether.some(({ these }) => these.includes(one.finding) && these.includes(other.finding))

test('there are faults at each hop, fifteen at least, and each is found by a check of its own', () => {
  const ids = faults.map(({ finding }) => finding)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThanOrEqual(15)
  expect([...new Set(ids.map((id) => id.split('/')[0]))].sort()).toEqual([...pathHops].sort())
})

test.each(faults.map((fault) => [fault.name, fault] as const))('%s: alone it is the only cause', async (_, fault) => {
  const diagnosis = await diagnosed(fault)
  expect(fateOf(fault, diagnosis)).toBe(fault.warns === undefined ? 'cause' : 'warning')
  expect(causesOf(diagnosis)).toEqual(fault.warns === undefined ? [fault.finding] : [])
  expect(diagnosis.verdict).toBe(fault.warns === undefined ? 'unreachable' : 'reachable')
})

describe('two faults', () => {
  const rows = faults.slice(0, -1).map((fault, index) => [fault.name, fault, faults.slice(index + 1)] as const)

  test.each(rows)('%s, and each of those behind it', async (_, one, others) => {
    for (const other of others.filter((fault) => together(one, fault))) {
      const diagnosis = await diagnosed(one, other)
      const found = causesOf(diagnosis)
      expect({
        faults: [one.name, other.name],
        lost: [one, other].filter((fault) => fateOf(fault, diagnosis) === 'lost').map(({ finding }) => finding),
        blamed: found.filter((id) => id !== one.finding && id !== other.finding),
        verdict: diagnosis.verdict,
      }).toEqual({ faults: [one.name, other.name], lost: [], blamed: [], verdict: 'unreachable' })
      const places = diagnosis.causes.map(({ hop }) => pathHops.findIndex((name) => name === hop))
      expect(places).toEqual(places.toSorted((before, after) => before - after))
    }
  })

  test('each line of the table of what is moot was needed', () => {
    const lines = mootTable.flatMap(({ whileFailing, moot }) =>
      moot.flatMap((name) => whileFailing.map((id) => `${name} while ${id}`)),
    )
    expect(lines.filter((line) => !used.has(line))).toEqual([])
  })
})
