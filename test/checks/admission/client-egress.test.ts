import { expect, test } from '@jest/globals'
import check from '../../../src/checks/admission/client-egress.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids } from '../../fabric/ec2/edits.ts'

const bastion = { client: '10.240.0.50' }
const withEgress = (recording: string, ...rules: Json[]) =>
  edited(recording, {
    rules: (items) => {
      const kept = items.filter((rule) => rule.GroupId !== ids.bastionGroup || rule.IsEgress !== true)
      const added = rules.map((rule, at) => ({
        SecurityGroupRuleId: `sgr-e${String(at)}`,
        GroupId: ids.bastionGroup,
        IsEgress: true,
        ...rule,
      }))
      items.splice(0, items.length, ...kept, ...added)
    },
  })
const toNodes = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, ReferencedGroupInfo: { GroupId: ids.group } }

test("fails where the client's groups let nothing out to the port", async () => {
  const evidence = await withEgress('hard-way-healthy', {
    IpProtocol: 'tcp',
    FromPort: 443,
    ToPort: 443,
    CidrIpv4: '0.0.0.0/0',
  })
  const [draft] = runCheck(check, ask(evidence, bastion))
  expect([draft?.status, draft?.awsCode]).toEqual(['fail', 'ENI_SG_RULES_MISMATCH'])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 authorize-security-group-egress --group-id ${ids.bastionGroup} --ip-permissions 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.240.0.100/32}]'`,
  ])
})

test('passes by a rule to the group of the nodes, for an address that one of them holds', async () => {
  expect(says(check, await withEgress('hard-way-healthy', toNodes), bastion)[0]).toBe('pass')
})

test('fails by the same rule for a VIP outside the VPC, which none of them holds', async () => {
  const [status, text] = says(check, await withEgress('overlay-vip', toNodes), { ...bastion, target: '172.20.0.100' })
  expect(status).toBe('fail')
  expect(text).toContain(`a rule to members of ${ids.group} does not cover an address that none of them holds`)
})

test('passes where everything may leave, and does not apply to a client nobody names', async () => {
  const evidence = await fixture('hard-way-healthy')
  expect(says(check, evidence, bastion)[0]).toBe('pass')
  expect(says(check, evidence)[0]).toBe('skipped')
  expect(says(check, evidence, { client: '192.0.2.1' })[0]).toBe('skipped')
})
