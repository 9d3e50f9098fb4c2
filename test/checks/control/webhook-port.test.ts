import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/webhook-port.ts'
import { fixture, variant } from '../../kit/fixtures.ts'
import { withFirewalld, withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'
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

test('the firewall of the webhook’s node is asked on any fabric, for the pod behind it', async () => {
  expect(await foundIn('lan-healthy', 'control/webhook-port')).toEqual([
    ['pass', "The rules of 2 nodes let the API servers reach MetalLB's webhook."],
  ])
  const shut = withRules(['-A FORWARD -d 10.200.0.0/16 -p tcp -m tcp --dport 9443 -j DROP'])
  const evidence = await variant('lan-healthy', { 'nodes/worker-0/iptables-nft-save.txt': shut })
  expect(found(evidence, 'control/webhook-port')).toEqual([
    [
      'fail',
      "worker-0 drops tcp/9443 from controller-0 and controller-1 (filter chain FORWARD): the API servers do not reach MetalLB's webhook, and changes of pools and advertisements fail.",
    ],
  ])
  // firewalld of this kind looks at INPUT only: what is forwarded to the pod passes.
  const input = await variant('lan-healthy', { 'nodes/worker-0/nft-ruleset.json': withFirewalld() })
  expect(found(input, 'control/webhook-port')[0]?.[0]).toBe('pass')
})

test('so is a policy of FORWARD that nothing overrides', async () => {
  const evidence = await variant('lan-healthy', {
    'nodes/worker-0/iptables-nft-save.txt': withRules(
      ['-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
      { FORWARD: 'DROP' },
    ),
  })
  expect(found(evidence, 'control/webhook-port')).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^worker-0 drops tcp\/9443 from controller-0 and controller-1 \(filter chain FORWARD, by its policy\)/,
      ),
    ],
  ])
})
