import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/owner-not-announcer.ts'
import { fixture } from '../../fixtures.ts'
import { ask, runCheck, says } from '../../vpc/ask.ts'
import { ids } from '../../vpc/edits.ts'

test('fails where the policy is Local and the owner has no endpoint', async () => {
  const [draft] = runCheck(check, ask(await fixture('etp-local-moved')))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `10.240.0.100 belongs to ${ids.worker0} (worker-0), but externalTrafficPolicy is Local and the ready endpoints of default/nginx-lb are on worker-1: worker-0 drops the packets.`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 assign-private-ip-addresses --network-interface-id ${ids.worker1} --private-ip-addresses 10.240.0.100 --allow-reassignment`,
  ])
})

test.each(['etp-local', 'owner-not-announcer', 'hard-way-healthy'])(
  'passes for %s, whose clients connect',
  async (name) => {
    expect(says(check, await fixture(name))[0]).toBe('pass')
  },
)
