import { describe, expect, test } from '@jest/globals'
import check from '../../../src/checks/admission/service-port.ts'
import type { Json } from '../../kit/fixtures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

const withRules = (...rules: Json[]) => edited('hard-way-healthy', { rules: ingress(rules) })
const byGroup = (group: string): Json => ({
  IpProtocol: 'tcp',
  FromPort: 80,
  ToPort: 80,
  ReferencedGroupInfo: { GroupId: group, UserId: '123456789012' },
})

test('fails where the Service port is closed, on every node that may receive the packet', async () => {
  const drafts = runCheck(check, ask(await fixture('hard-way-four-faults')))
  expect(drafts.map(({ status }) => status)).toEqual(['fail', 'fail', 'fail', 'fail'])
  expect(new Set(drafts.map(({ says: text }) => text))).toEqual(
    new Set([
      'Security group sg-e6b0a1c1a5b02b2ae (kubernetes) admits no tcp/80 from another host in subnet-c1dad34c5444e3356 (10.240.0.0/24): 7 ingress rules, and none matches.',
    ]),
  )
  expect(drafts[0]?.fix?.commands).toEqual([
    "aws ec2 authorize-security-group-ingress --group-id sg-e6b0a1c1a5b02b2ae --ip-permissions 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.240.0.0/16}]'",
  ])
})

test('fails where the NodePort is open and the Service port is not', async () => {
  expect(says(check, await withRules(tcp(30080, '0.0.0.0/0')))[0]).toBe('fail')
})

test('fails with its own words for a group without any rule', async () => {
  const [draft] = runCheck(check, ask(await withRules()))
  expect(draft?.says).toMatch(/: it has no ingress rule at all\.$/)
  expect(draft?.awsCode).toBe('SG_HAS_NO_RULES')
})

test('passes where a rule admits the client', async () => {
  expect(says(check, await fixture('hard-way-healthy'))).toEqual([
    'pass',
    `Security group ${ids.group} (kubernetes) of ${ids.controller0} (controller-0) admits tcp/80 from another host in ${ids.subnet} (10.240.0.0/24).`,
  ])
})

describe('a rule by group', () => {
  test('admits a member, by its address', async () => {
    const evidence = await withRules(byGroup(ids.bastionGroup))
    expect(says(check, evidence, { client: '10.240.0.50' })[0]).toBe('pass')
  })

  test('does not admit an address that no interface holds', async () => {
    const evidence = await withRules(byGroup(ids.bastionGroup))
    expect(says(check, evidence, { client: '10.240.0.51' })[0]).toBe('fail')
  })

  test('may admit another host of the subnet: unknown, and the group is named', async () => {
    const [status, text] = says(check, await withRules(byGroup(ids.bastionGroup)))
    expect(status).toBe('unknown')
    expect(text).toContain(`only a rule for members of ${ids.bastionGroup} would`)
  })
})

describe('a client that is a set', () => {
  test('is judged in parts', async () => {
    const [draft] = runCheck(check, ask(await withRules(tcp(80, '10.240.0.0/25')), { client: '10.240.0.0/24' }))
    expect([draft?.status, draft?.partial]).toEqual(['fail', true])
    expect(draft?.says).toMatch(
      /tcp\/80 from 10\.240\.0\.0\/25 of 10\.240\.0\.0\/24, but not from 10\.240\.0\.128\/25\.$/,
    )
  })

  test('another host of the subnet is none that the evidence names', async () => {
    expect(says(check, await withRules(tcp(80, '10.240.0.50/32')))[0]).toBe('fail')
  })

  test('the internet needs more than the VPC', async () => {
    const evidence = await withRules(tcp(80, '10.240.0.0/16'))
    const [draft] = runCheck(check, ask(evidence, { client: 'internet' }))
    expect(draft?.status).toBe('fail')
    expect(draft?.fix?.commands[0]).toContain('{CidrIp=0.0.0.0/0}')
    expect(says(check, await withRules(tcp(80, '0.0.0.0/0')), { client: 'internet' })[0]).toBe('pass')
  })
})

test('reads DescribeSecurityGroups where DescribeSecurityGroupRules was denied', async () => {
  const denied = await edited('hard-way-healthy', { files: { 'aws/describe-security-group-rules.json': null } })
  expect(says(check, denied)[0]).toBe('pass')
  const both = await edited('hard-way-four-faults', {
    files: { 'aws/describe-security-group-rules.json': null, 'aws/describe-security-groups.json': null },
  })
  expect(says(check, both)[0]).toBe('unknown')
})

test('does not know a prefix list whose entries may not be read', async () => {
  const rule = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, PrefixListId: 'pl-9' }
  const [status, text] = says(check, await withRules(rule))
  expect(status).toBe('unknown')
  expect(text).toContain('aws/get-managed-prefix-list-entries-pl-9.json')
})
