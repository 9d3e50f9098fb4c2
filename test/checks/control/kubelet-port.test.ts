import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/kubelet-port.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

test('fails where the nodes do not admit the API servers', async () => {
  const evidence = await edited('hard-way-healthy', { rules: ingress([tcp(80, '10.240.0.0/16')]) })
  const [draft] = runCheck(check, ask(evidence))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `Security group ${ids.group} (kubernetes) of controller-0, controller-1, worker-0 and worker-1 does not admit the API servers at tcp/10250: logs and exec fail there.`,
  ])
  expect(draft?.fix?.commands[0]).toContain('IpRanges=[{CidrIp=10.240.0.10/32},{CidrIp=10.240.0.11/32}]')
})

test('passes where they do', async () => {
  expect(says(check, await fixture('hard-way-four-faults'))[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})
