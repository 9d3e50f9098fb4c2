import { expect, test } from '@jest/globals'
import type { Context } from '../../../src/checks/check.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import check from '../../../src/checks/admission/nodeport.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'

test('passes with a remark for clients of the VIP, who do not use it', async () => {
  const [status, text] = says(check, await fixture('hard-way-four-faults'))
  expect([status, text]).toEqual([
    'pass',
    'The NodePort tcp/30080 of controller-0 is not open to another host in subnet-c1dad34c5444e3356 (10.240.0.0/24); clients of the VIP do not use it.',
  ])
})

/** What is asked at a node's own address. */
const onNode = (evidence: Evidence): Context => ask(evidence, { target: '10.240.0.20:30080' })

test('fails for a client of node:NodePort where it is closed', async () => {
  const [draft] = runCheck(check, onNode(await fixture('hard-way-four-faults')))
  expect([draft?.status, draft?.blocks]).toEqual(['fail', true])
})

test('passes for a client of node:NodePort where it is open', async () => {
  expect(runCheck(check, onNode(await fixture('hard-way-healthy')))[0]?.status).toBe('pass')
})
