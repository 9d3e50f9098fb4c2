import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/stale-neighbour.ts'
import { editJson, fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited } from '../../fabric/ec2/edits.ts'

const knownBy = (lladdr: string, state = 'REACHABLE') =>
  edited('hard-way-healthy', {
    files: {
      'nodes/worker-1/ip-neigh.json': editJson((entries: Json) => {
        entries.push({ dst: '10.240.0.100', dev: 'eth0', lladdr, state: [state] })
      }),
    },
  })

test('warns where a host sends to the interface that had the address before', async () => {
  const [draft] = runCheck(check, ask(await knownBy('02:00:00:0f:ad:0e', 'STALE')))
  expect(draft?.status).toBe('warn')
  expect(draft?.fix?.commands).toEqual(['ssh worker-1 sudo ip neigh flush to 10.240.0.100 dev eth0'])
})

test('passes where it knows the owner, and where nobody knows the VIP', async () => {
  expect(says(check, await knownBy('02:00:00:51:01:22'))[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})
