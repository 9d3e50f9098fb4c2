import { expect, test } from '@jest/globals'
import { foundIn } from '../../kit/found.ts'
import check from '../../../src/checks/delivery/no-public-address.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const internet = { client: 'internet' }

test('fails for a client on the internet where the VIP is private only', async () => {
  const [draft] = runCheck(check, ask(await fixture('hard-way-healthy'), internet))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    'No public address leads to 10.240.0.100: a client on the internet has nothing to connect to.',
  ])
  expect(draft?.fix?.commands[0]).toBe(
    `aws ec2 associate-address --allocation-id "$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)" --network-interface-id ${ids.controller0} --private-ip-address 10.240.0.100`,
  )
})

test('uses an Elastic IP address that nothing uses', async () => {
  const evidence = await edited('hard-way-healthy', {
    addresses: (list) => {
      list.push({ AllocationId: 'eipalloc-free', PublicIp: '198.51.100.7' })
    },
  })
  expect(runCheck(check, ask(evidence, internet))[0]?.fix?.commands[0]).toContain('--allocation-id eipalloc-free ')
})

test('passes where one leads to the VIP, wherever the API says so', async () => {
  const onInterface = await edited('hard-way-healthy', {
    enis: (enis) => {
      byId(enis, ids.controller0).PrivateIpAddresses[1].Association = { PublicIp: '198.51.100.7' }
    },
  })
  expect(says(check, onInterface, internet)[0]).toBe('pass')
  const listed = await edited('hard-way-healthy', {
    addresses: (list) => {
      list.push({
        PublicIp: '198.51.100.7',
        AssociationId: 'eipassoc-1',
        PrivateIpAddress: '10.240.0.100',
        NetworkInterfaceId: ids.controller0,
      })
    },
  })
  expect(says(check, listed, internet)[0]).toBe('pass')
})

test('is not fooled by the public address of the node itself', async () => {
  const evidence = await edited('hard-way-healthy', {
    enis: (enis) => {
      byId(enis, ids.controller0).PrivateIpAddresses[0].Association = { PublicIp: '198.51.100.7' }
    },
  })
  expect(says(check, evidence, internet)[0]).toBe('fail')
})

test('does not know where DescribeAddresses was denied', async () => {
  const evidence = await edited('hard-way-healthy', { files: { 'aws/describe-addresses.json': null } })
  expect(says(check, evidence, internet)[0]).toBe('unknown')
})

test('does not apply to clients of the VPC', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('skipped')
})

test('fails where the VPC blocks public access, whatever the addresses', async () => {
  const evidence = await edited('hard-way-healthy', {
    vpcs: (vpcs) => {
      byId(vpcs, ids.vpc).BlockPublicAccessStates = { InternetGatewayBlockMode: 'block-ingress' }
    },
  })
  expect(says(check, evidence, internet)).toEqual([
    'fail',
    'VPC Block Public Access is on (block-ingress): nothing from the internet gets in.',
  ])
})

test('on a LAN what leads to a private VIP from the internet stands in no evidence', async () => {
  for (const client of ['internet', '8.8.8.8'])
    expect(await foundIn('lan-healthy', 'delivery/no-public-address', undefined, client)).toEqual([
      ['unknown', expect.stringMatching(/^10\.240\.0\.100 is a private address, so a client on the internet /)],
    ])
  expect((await foundIn('lan-healthy', 'delivery/no-public-address', undefined, '10.9.0.1'))[0]?.[0]).toBe('skipped')
})
