import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import check from '../../../src/checks/forwarding/pod-route.ts'
import { editJson, fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const routes = (edit: (routes: Json[]) => void, files = {}) =>
  edited('hard-way-healthy', {
    tables: (tables) => {
      edit(byId(tables, ids.table).Routes as Json[])
    },
    files,
  })
const without = (list: Json[]) => {
  list.splice(
    list.findIndex((route) => route.DestinationCidrBlock === '10.200.2.0/24'),
    1,
  )
}

test('fails where no route leads to the pods', async () => {
  const [draft] = runCheck(check, ask(await routes(without)), 'worker-0')
  expect(draft?.status).toBe('fail')
  expect(draft?.says).toMatch(
    /has no route to 10\.200\.2\.\d+, a pod on worker-0; it falls to the default route, to internet gateway/,
  )
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 create-route --route-table-id ${ids.table} --destination-cidr-block 10.200.2.0/24 --network-interface-id ${ids.worker0}`,
  ])
})

test('fails where the route is a blackhole, or leads to another node', async () => {
  const hole = await routes((list) => {
    byId(list, '10.200.2.0/24').State = 'blackhole'
  })
  expect(runCheck(check, ask(hole), 'worker-0')[0]?.awsCode).toBe('BAD_STATE_ROUTE')
  const wrong = await routes((list) => {
    Object.assign(byId(list, '10.200.2.0/24'), { NetworkInterfaceId: ids.worker1, InstanceId: 'i-73863f97f11a7aa02' })
  })
  const [draft] = runCheck(check, ask(wrong), 'worker-0')
  expect(draft?.says).toMatch(/leads to eni-79c87191614e0201c \(worker-1\), but the pod/)
  expect(draft?.fix?.commands[0]).toMatch(/^aws ec2 replace-route /)
})

test('passes where the route is right', async () => {
  expect(runCheck(check, ask(await fixture('hard-way-healthy')), 'worker-0')[0]?.status).toBe('pass')
})

test('leaves host routes and tunnels alone: the packet meets no route table', async () => {
  const evidence = await routes(without, {
    'nodes/controller-0/ip-route.json': editJson((list: Json) => {
      list.push({ dst: '10.200.2.0/24', gateway: '10.240.0.20', dev: 'eth0', flags: [] })
    }),
  })
  expect(runCheck(check, ask(evidence), 'worker-0')[0]?.status).toBe('skipped')
})

test("does not know without the receiving node's own routes", async () => {
  expect(runCheck(check, ask(await routes(without, { 'nodes/controller-0/': null })), 'worker-0')[0]?.status).toBe(
    'unknown',
  )
})

describe('a blackhole to the pods of a node, where the nodes were not read', () => {
  const unread = { 'nodes/': null }

  test.each([
    ['of a node that was replaced', '10.200.2.0/24', 'worker-0', 'replace-route'],
    ['of another node', '10.200.3.0/24', 'worker-1', 'replace-route'],
  ])('%s is warned of, and leaves the hop unknown', async (_, range, node, verb) => {
    const hole = await routes((list) => {
      byId(list, range).State = 'blackhole'
    }, unread)
    const [first, second] = runCheck(check, ask(hole), node)
    expect([first?.status, first?.reason, second?.status]).toEqual(['warn', 'blackhole-in-doubt', 'unknown'])
    expect(first?.says).toMatch(/is a blackhole: .* Whether the packets for the VIP meet it is not known\.$/)
    expect(first?.fix?.commands[0]).toContain(
      `aws ec2 ${verb} --route-table-id ${ids.table} --destination-cidr-block ${range}`,
    )
    expect(diagnosisOf(hole, '10.240.0.100:80').verdict).toBe('inconclusive')
  })

  test('a missing route, or one to somewhere else, may be another network’s way: only unknown', async () => {
    expect(runCheck(check, ask(await routes(without, unread)), 'worker-0').map(({ status }) => status)).toEqual([
      'unknown',
    ])
  })
})
