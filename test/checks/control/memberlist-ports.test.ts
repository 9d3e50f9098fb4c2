import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/memberlist-ports.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress } from '../../fabric/ec2/edits.ts'

const self = (protocol: string): Json => ({
  IpProtocol: protocol,
  FromPort: 7946,
  ToPort: 7946,
  ReferencedGroupInfo: { GroupId: ids.group },
})

test('fails where only one of the two protocols is admitted', async () => {
  const evidence = await edited('hard-way-healthy', { rules: ingress([self('tcp')]) })
  const [draft] = runCheck(check, ask(evidence))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `Security group ${ids.group} (kubernetes) keeps MetalLB's speakers apart: udp/7946 between them is not admitted (from 10.240.0.10/31, 10.240.0.20/31).`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 authorize-security-group-ingress --group-id ${ids.group} --ip-permissions 'IpProtocol=udp,FromPort=7946,ToPort=7946,UserIdGroupPairs=[{GroupId=${ids.group}}]'`,
  ])
})

test('passes by rules to the group itself', async () => {
  const evidence = await edited('hard-way-healthy', { rules: ingress([self('tcp'), self('udp')]) })
  expect(says(check, evidence)[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-four-faults'))[0]).toBe('pass')
})
