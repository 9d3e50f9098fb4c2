import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/owner-not-announcer.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, askControlPlane, runCheck, says } from '../../kit/ask.ts'
import { ids } from '../../fabric/ec2/edits.ts'

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

test("warns where the control plane's address is not on kube-vip's leader", async () => {
  const evidence = await fixture('control-plane-vip-moved')
  const [draft] = runCheck(check, askControlPlane(evidence))
  expect(draft?.status).toBe('warn')
  expect(draft?.says).toMatch(
    /^10\.240\.0\.5 belongs to eni-\w+ \(controller-0\), but kube-vip's leader is controller-1\.$/,
  )
  expect(draft?.fix?.commands[0]).toMatch(/^aws ec2 assign-private-ip-addresses .* --allow-reassignment$/)
})

test("passes where the control plane's address is on the leader", async () => {
  expect(runCheck(check, askControlPlane(await fixture('control-plane-vip')))[0]?.status).toBe('pass')
})

test('warns where another node announces and the owner passes the packets on', async () => {
  const [status, text] = says(check, await fixture('owner-not-announcer'))
  expect(status).toBe('warn')
  expect(text).toMatch(/ends as soon as externalTrafficPolicy becomes Local\.$/)
})

test.each(['etp-local', 'hard-way-healthy', 'not-advertised'])('passes for %s', async (name) => {
  expect(says(check, await fixture(name))[0]).toBe('pass')
})
