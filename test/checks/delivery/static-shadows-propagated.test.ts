import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/static-shadows-propagated.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const overlay = { target: '172.20.0.100' }
const learnt = {
  DestinationCidrBlock: '172.20.0.100/32',
  NetworkInterfaceId: ids.worker1,
  Origin: 'Advertisement',
  State: 'active',
}

test('warns where a route made by hand hides the propagated one', async () => {
  const evidence = await edited('overlay-vip', {
    tables: (tables) => {
      byId(tables, ids.table).Routes.push(learnt)
    },
  })
  const [draft] = runCheck(check, ask(evidence, overlay))
  expect(draft?.status).toBe('warn')
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 delete-route --route-table-id ${ids.table} --destination-cidr-block 172.20.0.100/32`,
  ])
})

test('passes where the propagated one stands alone', async () => {
  const evidence = await edited('overlay-no-route', {
    tables: (tables) => {
      byId(tables, ids.table).Routes.push(learnt)
    },
  })
  expect(says(check, evidence, overlay)[0]).toBe('pass')
})

test('has nothing to say without a route server', async () => {
  expect(says(check, await fixture('overlay-vip'), overlay)[0]).toBe('skipped')
})
