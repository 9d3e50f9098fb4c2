import { expect, test } from '@jest/globals'
import check from '../../../src/checks/admission/nodeport.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../fabric/ec2/ask.ts'

test('passes with a remark for clients of the VIP, who do not use it', async () => {
  const [status, text] = says(check, await fixture('hard-way-four-faults'))
  expect([status, text]).toEqual([
    'pass',
    'The NodePort tcp/30080 of controller-0 is not open to another host in subnet-c1dad34c5444e3356 (10.240.0.0/24); clients of the VIP do not use it.',
  ])
})

const onNode = {
  vip: '10.240.0.20',
  port: 30080,
  service: 'default/nginx-lb',
  receiving: { by: 'owner', nodes: ['worker-0'] },
} as const

test('fails for a client of node:NodePort where it is closed', async () => {
  const [draft] = runCheck(check, ask(await fixture('hard-way-four-faults'), onNode))
  expect([draft?.status, draft?.blocks]).toEqual(['fail', true])
})

test('passes for a client of node:NodePort where it is open', async () => {
  expect(says(check, await fixture('hard-way-healthy'), onNode)[0]).toBe('pass')
})
