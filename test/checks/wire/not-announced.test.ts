import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import check from '../../../src/checks/wire/not-announced.ts'
import { capturePath, withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { withoutMetallbAnd } from '../../kit/other-systems.ts'
import { ask, askControlPlane, runCheck } from '../../kit/ask.ts'

/** A capture that works, ten seconds long, in which nobody speaks of the control plane's VIP. */
const quiet = () => withCaptures('control-plane-vip', { 'client/quiet': 'metallb-failover-client' })
const lan = { fabric: 'lan' } as const

test('warns where kube-vip should be heard every three seconds and is not', async () => {
  const [draft] = runCheck(check, askControlPlane(await quiet(), lan))
  expect(draft).toMatchObject({
    status: 'warn',
    says: expect.stringMatching(/^kube-vip announces every 3 s, and in \d+ s nothing was heard about 10\.240\.0\.5\.$/),
  })
})

test('passes where it is heard', async () => {
  const evidence = await withCaptures('control-plane-vip', { 'client/kube-vip': 'kube-vip-client' })
  expect(runCheck(check, askControlPlane(evidence, lan))[0]?.status).toBe('pass')
})

test('MetalLB is not blamed for its silence', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/silence': 'silence-client' })
  expect(runCheck(check, ask(evidence, { fabric: 'lan' }))[0]).toMatchObject({
    status: 'skipped',
    says: expect.stringMatching(/^MetalLB announces for five seconds/),
  })
})

test('nobody is blamed for the silence of an announcer whose habits are not known', async () => {
  const evidence = await withoutMetallbAnd(() => undefined, {
    'captures/client/silence.pcap': readFileSync(capturePath('silence-client')),
  })
  expect(runCheck(check, ask(evidence, { fabric: 'lan' }))[0]).toMatchObject({
    status: 'skipped',
    says: expect.stringMatching(/^Neither MetalLB nor kube-vip serves the Service/),
  })
})

test('does not apply in a VPC', async () => {
  expect(runCheck(check, ask(await fixture('hard-way-healthy')))[0]?.says).toMatch(/no packet hangs on an announcement/)
})
