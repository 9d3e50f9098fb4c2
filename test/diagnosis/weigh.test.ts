import { expect, test } from '@jest/globals'
import type { Check } from '../../src/checks/check.ts'
import type { Receiving } from '../../src/journey/context.ts'
import { fail, pass, said, unknown, type Draft } from '../../src/checks/finding.ts'
import type { Result } from '../../src/diagnosis/run-checks.ts'
import { weigh } from '../../src/diagnosis/weigh.ts'
import { inWords } from '../../src/net/words.ts'

const check: Check = {
  id: 'translation/example',
  title: 'an example',
  needs: [],
  appliesTo: () => true,
  blocks: true,
  each: 'node',
  run: () => [],
  docs: { means: '', byHand: '', mend: '', sources: [] },
}

const broken = (node: string): Draft =>
  fail(
    'broken',
    `node/${node}`,
    said('broken', `It is broken on ${node}.`),
    [{ file: `nodes/${node}/x.txt`, line: 1, value: 'x' }],
    {
      summary: 'mend the node',
      commands: [`ssh ${node} sudo mend`],
      changes: 'Nothing else.',
    },
  )
const sound = (node: string): Draft => pass('sound', `node/${node}`, `It is sound on ${node}.`, [])
const hidden = (node: string): Draft =>
  unknown('hidden', `node/${node}`, said('not known', `It is not known on ${node}.`), [])

function result(node: string, draft: Draft, met = true): Result {
  const { status, reason, subject, brief, says, proof, look, fix } = draft
  return {
    check,
    draft,
    node,
    met,
    finding: { id: check.id, hop: 'translation', status, reason, subject, brief, says, proof, look, fix },
  }
}

const by = (kind: Receiving['by'], ...nodes: string[]): Receiving => ({ by: kind, nodes })

test('a failure on every node that the packet may meet stops it, as one finding with all proofs and commands', () => {
  const [weighed, ...more] = weigh(
    [result('a', broken('a')), result('b', broken('b')), result('c', broken('c'), false)],
    by('candidate', 'a', 'b'),
  )
  expect(more).toEqual([])
  expect(weighed).toMatchObject({
    stops: true,
    finding: {
      status: 'fail',
      reason: 'broken',
      subject: 'node/a',
      says: 'It is broken on a. The same holds on b and c.',
      proof: [{ file: 'nodes/a/x.txt' }, { file: 'nodes/b/x.txt' }, { file: 'nodes/c/x.txt' }],
      fix: { commands: ['ssh a sudo mend', 'ssh b sudo mend', 'ssh c sudo mend'] },
    },
  })
})

test('a failure on a node that the packet does not meet stops nothing', () => {
  const weighed = weigh([result('a', sound('a')), result('b', broken('b'), false)], by('owner', 'a'))
  expect(weighed.map(({ finding, stops, clouds }) => [finding.status, stops, clouds])).toEqual([
    ['fail', false, false],
    ['pass', false, false],
  ])
})

test('a failure on some of the candidates is a warning that names them and leaves the verdict alone', () => {
  const [weighed] = weigh([result('a', broken('a')), result('b', sound('b'))], by('candidate', 'a', 'b'))
  expect(weighed).toMatchObject({
    stops: false,
    clouds: false,
    finding: { status: 'warn', says: 'It is broken on a. That is so on 1 of the 2 nodes that the packet may meet.' },
  })
})

test('a failure on some of several announcers loses a part of the packets: no verdict of reachable', () => {
  const [weighed] = weigh([result('a', broken('a')), result('b', sound('b'))], by('announcer', 'a', 'b'))
  expect(weighed).toMatchObject({ stops: false, clouds: true, finding: { status: 'warn' } })
})

test('an unknown on a node that the packet meets clouds the verdict; a failure beside it does not stop every packet', () => {
  const weighed = weigh([result('a', broken('a')), result('b', hidden('b'))], by('announcer', 'a', 'b'))
  expect(weighed.some(({ stops }) => stops)).toBe(false)
  expect(weighed.some(({ clouds }) => clouds)).toBe(true)
})

test.each([
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [Array.from({ length: 20 }, (_, index) => String(index)), '0, 1, 2, 3, 4, 5, 6 and 13 more'],
])('%j in words', (names, words) => {
  expect(inWords(names)).toBe(words)
})
