import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/webhook-port.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited } from '../../fabric/ec2/edits.ts'

test('fails where the security group admits no API server, by the node to which the pod is scheduled', async () => {
  const [draft] = runCheck(check, ask(await fixture('hard-way-four-faults')))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    "The API server on controller-0 (10.240.0.10) cannot reach MetalLB's webhook on controller-1 at tcp/9443: Security group sg-e6b0a1c1a5b02b2ae (kubernetes) does not admit it, so changes of pools and advertisements fail.",
  ])
  expect(draft?.fix?.commands).toEqual([
    "aws ec2 authorize-security-group-ingress --group-id sg-e6b0a1c1a5b02b2ae --ip-permissions 'IpProtocol=tcp,FromPort=9443,ToPort=9443,IpRanges=[{CidrIp=10.240.0.10/32}]'",
  ])
})

test.each(['four-faults-but-security-group', 'hard-way-healthy', 'hard-way-l2'])('passes for %s', async (name) => {
  expect(says(check, await fixture(name))[0]).toBe('pass')
})

test('passes where the only API server is on the node of the webhook', async () => {
  const evidence = await edited('hard-way-four-faults', {
    slices: (slices) => {
      const own = slices.find((slice) => slice.metadata.name === 'kubernetes')
      own.endpoints = own.endpoints.slice(1)
    },
  })
  expect(says(check, evidence)[0]).toBe('pass')
})

test('does not know where the groups were not read', async () => {
  const evidence = await edited('hard-way-healthy', {
    files: { 'aws/describe-security-group-rules.json': null, 'aws/describe-security-groups.json': null },
  })
  expect(says(check, evidence)[0]).toBe('unknown')
})
