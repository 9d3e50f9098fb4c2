import { expect, test } from '@jest/globals'
import check from '../../../src/checks/admission/nacl-in.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, entry, ids } from '../../fabric/ec2/edits.ts'

/** Refuses the Service port by number 90, before everything is allowed by number 100. */
const refusing = (recording: string) =>
  edited(recording, {
    acls: (acls: Json[]) => {
      byId(acls, ids.acl).Entries.unshift(entry({ number: 90, action: 'deny', port: 80 }))
    },
  })

test('fails for a client of another subnet where an entry refuses before one allows', async () => {
  const [draft] = runCheck(check, ask(await refusing('hard-way-healthy'), { client: '10.240.1.50' }))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `${ids.acl} of ${ids.subnet} refuses tcp/80 on the way in (from 10.240.1.50): rule 90 refuses.`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 create-network-acl-entry --network-acl-id ${ids.acl} --ingress --rule-number 89 --protocol tcp --port-range From=80,To=80 --cidr-block 10.240.1.50/32 --rule-action allow`,
  ])
})

test('opens all that the entry refuses: each prefix of the clients by a rule of its own', async () => {
  const [draft] = runCheck(check, ask(await refusing('hard-way-healthy'), { client: '10.240.0.0/16' }))
  const commands = draft?.fix?.commands ?? []
  expect(commands.length).toBeGreaterThan(1)
  const numbers = commands.map((line) => /--rule-number (\d+)/.exec(line)?.[1])
  expect([new Set(numbers).size, numbers.every((number) => Number(number) < 90)]).toEqual([commands.length, true])
  for (const line of commands) expect(line).toMatch(/ --cidr-block [\d.]+\/\d+ --rule-action allow$/)
})

test('warns of it for the default client, which stands in the same subnet and meets no ACL', async () => {
  const [status, text] = says(check, await refusing('hard-way-healthy'))
  expect(status).toBe('warn')
  expect(text).toMatch(/^Hosts in subnet-c1dad34c5444e3356 reach controller-0 without a network ACL in between, but/)
})

test('does not know of the same subnet where a route leads to the VIP', async () => {
  const [status, text] = says(check, await refusing('overlay-vip'), { target: '172.20.0.100', client: '10.240.0.50' })
  expect(status).toBe('unknown')
  expect(text).toMatch(/is not documented/)
})

test('fails in part where a part of the client is refused', async () => {
  const evidence = await edited('hard-way-healthy', {
    acls: (acls) => {
      byId(acls, ids.acl).Entries.unshift(entry({ number: 90, action: 'deny', port: 80, cidr: '10.240.1.0/25' }))
    },
  })
  const [draft] = runCheck(check, ask(evidence, { client: '10.240.1.0/24' }))
  expect([draft?.status, draft?.partial]).toEqual(['fail', true])
  expect(draft?.says).toMatch(/from 10\.240\.1\.0\/25/)
})

test('passes with the default ACL, which allows all', async () => {
  const evidence = await fixture('hard-way-healthy')
  expect(says(check, evidence, { client: '10.240.1.50' })[0]).toBe('pass')
  expect(says(check, evidence, { client: '10.240.0.50' })[0]).toBe('pass')
  expect(says(check, evidence)[0]).toBe('pass')
})

test('names the permission that is missing, and blocks only clients that cross a border', async () => {
  const evidence = await edited('hard-way-healthy', { files: { 'aws/describe-network-acls.json': null } })
  const beside = runCheck(check, ask(evidence))
  expect(beside.map(({ status, blocks }) => [status, blocks])).toEqual([['unknown', false]])
  expect(beside[0]?.says).toContain('ec2:DescribeNetworkAcls')
  const across = runCheck(check, ask(evidence, { client: '10.240.1.50' }))
  expect(across.map(({ status, blocks }) => [status, blocks])).toEqual([['unknown', true]])
})
