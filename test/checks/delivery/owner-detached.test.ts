import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/owner-detached.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

test('fails where the owner is attached to nothing, and moves the address', async () => {
  const evidence = await edited('hard-way-healthy', {
    enis: (enis) => {
      const eni = byId(enis, ids.controller0)
      delete eni.Attachment
      eni.Status = 'available'
    },
  })
  const [draft] = runCheck(check, ask(evidence, { receiving: { by: 'announcer', nodes: ['worker-0'] } }))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `${ids.controller0} holds 10.240.0.100, but is attached to nothing.`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 assign-private-ip-addresses --network-interface-id ${ids.worker0} --private-ip-addresses 10.240.0.100 --allow-reassignment`,
  ])
})

test('fails where its instance is stopped, and starts it', async () => {
  const evidence = await edited('hard-way-healthy', {
    instances: (reservations) => {
      reservations[0].Instances[0].State = { Code: 80, Name: 'stopped' }
    },
  })
  const [draft] = runCheck(check, ask(evidence))
  expect([draft?.status, draft?.awsCode]).toEqual(['fail', 'BAD_STATE'])
  expect(draft?.fix?.commands).toEqual(['aws ec2 start-instances --instance-ids i-562170d187288c147'])
})

test('moves an IPv6 address in two steps, since it cannot be reassigned', async () => {
  const evidence = await edited('hard-way-l2', {
    subnets: (subnets) => {
      byId(subnets, ids.subnet).Ipv6CidrBlockAssociationSet = [{ Ipv6CidrBlock: '2600:1f18::/64' }]
    },
    enis: (enis) => {
      const eni = byId(enis, ids.worker1)
      eni.Ipv6Addresses = [{ Ipv6Address: '2600:1f18::100' }]
      delete eni.Attachment
    },
  })
  const [draft] = runCheck(
    check,
    ask(evidence, { target: '2600:1f18::100', receiving: { by: 'announcer', nodes: ['worker-0'] } }),
  )
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 unassign-ipv6-addresses --network-interface-id ${ids.worker1} --ipv6-addresses 2600:1f18::100`,
    `aws ec2 assign-ipv6-addresses --network-interface-id ${ids.worker0} --ipv6-addresses 2600:1f18::100`,
  ])
})

test('passes where the owner runs', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})

test('does not know the state of the instance where DescribeInstances was denied', async () => {
  const evidence = await edited('hard-way-healthy', { files: { 'aws/describe-instances.json': null } })
  expect(says(check, evidence)[0]).toBe('unknown')
})
