import { expect, test } from '@jest/globals'
import { variant, type Change } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/memberlist'
const listen = 'nodes/worker-0/ss-listen.txt'

/** The findings about worker-0. */
const ofWorker = async (name: string, changes: Record<string, Change>) =>
  found(await variant(name, changes), id).filter(([, says]) => says.includes('worker-0'))

test('the speaker of the receiving node listens', async () => {
  expect(await foundIn('lan-healthy', id)).toContainEqual([
    'pass',
    expect.stringMatching(/^The speaker of (?:controller|worker)-\d listens at 7946 for the others, tcp and udp\.$/),
  ])
})

test('another program has the port', async () => {
  expect(
    await ofWorker('lan-healthy', {
      [listen]: (text) => text.replaceAll(/:7946(.*)\("metallb-speaker"/g, ':7946$1("dockerd"'),
    }),
  ).toEqual([['fail', "dockerd has udp/7946 on worker-0, which MetalLB's speakers need to find each other."]])
})

test('one protocol is missing', async () => {
  expect(await ofWorker('lan-healthy', { [listen]: (text) => text.replace(/^udp.*:7946.*\n/m, '') })).toEqual([
    ['fail', 'The speaker of worker-0 is ready, but listens at 7946 for the other speakers by tcp only.'],
  ])
})

test('a node that was read at another moment than its pods is not accused', async () => {
  expect((await foundIn('ipvs', id)).map(([status]) => status)).not.toContain('fail')
})
