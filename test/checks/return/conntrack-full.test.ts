import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'return/conntrack-full'

const filled = (count: number) =>
  variant('hard-way-healthy', {
    'nodes/controller-0/sysctl.txt': (text) =>
      text
        .replace(/nf_conntrack_count = \d+/, `nf_conntrack_count = ${String(count)}`)
        .replace(/nf_conntrack_max = \d+/, 'nf_conntrack_max = 1000'),
  })

test.each(['hard-way-healthy', 'lan-healthy', 'ipvs'])('%s: there is room', async (name) => {
  expect(await foundIn(name, id)).toEqual([['pass', expect.stringMatching(/^The connection table of \S+ has room\.$/)]])
})

test('a full table stops new connections', async () => {
  const { verdict, causes } = diagnosisOf(await filled(1000), 'default/nginx-lb')
  expect([verdict, causes.map((one) => [one.id, one.status, one.says])]).toEqual([
    'unreachable',
    [
      [
        id,
        'fail',
        'The connection table of controller-0 is full (1000 of 1000 entries): the kernel drops the first packets of new connections.',
      ],
    ],
  ])
})

test('a nearly full one is a warning', async () => {
  const evidence = await filled(960)
  expect(found(evidence, id)).toEqual([
    ['warn', 'The connection table of controller-0 is nearly full (960 of 1000 entries).'],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('a listing without the figures leaves the verdict alone', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/sysctl.txt': (text) => text.replace(/.*nf_conntrack_count.*\n/, ''),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})
