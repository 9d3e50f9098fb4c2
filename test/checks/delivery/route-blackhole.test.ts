import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/route-blackhole.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const overlay = { target: '172.20.0.100', receiving: { by: 'announcer', nodes: ['controller-1'] } } as const
const route = (edit: (route: Json) => void) =>
  edited('overlay-vip', {
    tables: (tables) => {
      edit(byId(byId(tables, ids.table).Routes, '172.20.0.100/32'))
    },
  })

test('fails where the target is gone', async () => {
  const evidence = await route((one) => {
    one.State = 'blackhole'
  })
  const [draft] = runCheck(check, ask(evidence, overlay))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `Route 172.20.0.100/32 of ${ids.table} is a blackhole: its target, interface or instance ${ids.worker0}, is not available.`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 replace-route --route-table-id ${ids.table} --destination-cidr-block 172.20.0.100/32 --network-interface-id ${ids.controller1}`,
  ])
})

test('fails where the target is no node of the cluster', async () => {
  const evidence = await route((one) => {
    one.NetworkInterfaceId = ids.bastion
    one.InstanceId = 'i-09575ba52b0771584'
  })
  expect(says(check, evidence, overlay)[1]).toMatch(/which is no node of the cluster\.$/)
})

test('passes where the target is a node', async () => {
  expect(says(check, await fixture('overlay-vip'), overlay)[0]).toBe('pass')
})

test('follows a route that names an instance only', async () => {
  const evidence = await route((one) => {
    delete one.NetworkInterfaceId
  })
  expect(says(check, evidence, overlay)[0]).toBe('pass')
})

test('leaves a missing route to its own check', async () => {
  expect(says(check, await fixture('overlay-no-route'), overlay)[0]).toBe('skipped')
})
