import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/source-dest-check.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids } from '../../fabric/ec2/edits.ts'

const overlay = { target: '172.20.0.100' }

test('fails where the interface that the route leads to checks', async () => {
  const [draft] = runCheck(check, ask(await fixture('overlay-source-dest-check'), overlay))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `The source/destination check of ${ids.worker0} (worker-0) is on: it drops packets for 172.20.0.100, which is not its address.`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 modify-network-interface-attribute --network-interface-id ${ids.worker0} --no-source-dest-check`,
  ])
})

test('passes where it does not', async () => {
  expect(says(check, await fixture('overlay-vip'), overlay)[0]).toBe('pass')
})

test('says nothing of an owned VIP, which is the own address of its interface', async () => {
  const evidence = await edited('hard-way-healthy', {
    enis: (enis) => {
      for (const eni of enis) eni.SourceDestCheck = true
    },
  })
  expect(says(check, evidence)[0]).toBe('skipped')
})
