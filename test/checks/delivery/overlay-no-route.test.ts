import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/overlay-no-route.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const overlay = { target: '172.20.0.100', receiving: { by: 'announcer', nodes: ['controller-1'] } } as const

test('fails where no route names the VIP', async () => {
  const [draft] = runCheck(check, ask(await fixture('overlay-no-route'), overlay))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    '172.20.0.100 lies outside the VPC, and no route of rtb-b78380200bc7d010a leads to a node for it; it falls to the default route, to internet gateway igw-ba82c05aef0c65a15.',
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 create-route --route-table-id ${ids.table} --destination-cidr-block 172.20.0.100/32 --network-interface-id ${ids.controller1}`,
  ])
})

test('passes where the route leads to an interface', async () => {
  expect(says(check, await fixture('overlay-vip'), overlay)).toEqual([
    'pass',
    `Route table ${ids.table} sends 172.20.0.100 to interface or instance ${ids.worker0}.`,
  ])
})

const secondSubnet = () =>
  edited('overlay-vip', {
    enis: (enis) => {
      byId(enis, ids.worker1).SubnetId = ids.other
    },
    tables: (tables) => {
      const table = byId(tables, ids.table)
      table.Associations = table.Associations.filter((one: { SubnetId: string }) => one.SubnetId !== ids.other)
    },
  })

test('warns where clients of another subnet have no route', async () => {
  const drafts = runCheck(check, ask(await secondSubnet(), overlay))
  expect(drafts.map(({ status }) => status)).toEqual(['pass', 'warn'])
  expect(drafts[1]?.says).toBe(`Clients in ${ids.other} have no route to 172.20.0.100.`)
  // The node to which the first table's route leads, not the one that announces.
  expect(drafts[1]?.fix?.commands).toEqual([
    `aws ec2 create-route --route-table-id ${ids.mainTable} --destination-cidr-block 172.20.0.100/32 --network-interface-id ${ids.worker0}`,
  ])
})

test('fails for a client in the subnet without the route', async () => {
  const [status, text] = says(check, await secondSubnet(), { ...overlay, client: '10.240.1.7' })
  expect(status).toBe('fail')
  expect(text).toMatch(new RegExp(`no route of ${ids.mainTable} leads`))
  const [draft] = runCheck(check, ask(await secondSubnet(), { ...overlay, client: '10.240.1.7' }))
  expect(draft?.fix?.commands[0]).toContain(`--network-interface-id ${ids.worker0}`)
})

test('takes a prefix list into account, and does not know where it cannot', async () => {
  const tables = (items: { RouteTableId: string; Routes: unknown[] }[]) => {
    byId(items, ids.table).Routes.push({
      DestinationPrefixListId: 'pl-1',
      NetworkInterfaceId: ids.worker0,
      Origin: 'CreateRoute',
      State: 'active',
    })
  }
  const file = 'aws/get-managed-prefix-list-entries-pl-1.json'
  const expanded = await edited('overlay-no-route', {
    tables,
    files: { [file]: JSON.stringify({ Entries: [{ Cidr: '172.20.0.0/24' }] }) },
  })
  expect(says(check, expanded, overlay)[0]).toBe('pass')
  const [status, text] = says(check, await edited('overlay-no-route', { tables }), overlay)
  expect(status).toBe('unknown')
  expect(text).toContain(file)
})

test('does not apply inside the VPC', async () => {
  expect(says(check, await fixture('hard-way-l2'))[0]).toBe('skipped')
})
