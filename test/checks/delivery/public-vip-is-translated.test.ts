import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/public-vip-is-translated.ts'
import { byId, edited, ids, type Edits } from '../../fabric/ec2/edits.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'

/** A pool of one public address, which the Service was given. */
const pooled = (address: string, more: Edits = {}) =>
  edited('hard-way-l2', {
    services: (services) => {
      for (const { spec, status } of services)
        if (spec.type === 'LoadBalancer') status.loadBalancer.ingress = [{ ip: address }]
    },
    pools: (pools) => {
      pools[0].spec.addresses = [`${address}/32`]
    },
    ...more,
  })

const public4 = '52.95.110.7'
const elastic = { PublicIp: public4, AllocationId: 'eipalloc-1' }

test.each<readonly [string, Edits, string]>([
  [
    'an Elastic IP address of a node',
    { addresses: (list) => list.push({ ...elastic, PrivateIpAddress: '10.240.0.20' }) },
    'translates it to 10.240.0.20 before any node sees it',
  ],
  [
    'the public address that an instance was given at its start',
    {
      enis: (enis: Json[]) => {
        byId(enis, ids.worker1).PrivateIpAddresses[0].Association = { PublicIp: public4, IpOwnerId: 'amazon' }
      },
    },
    'translates it to 10.240.0.21 before any node sees it',
  ],
  [
    'an Elastic IP address that is associated with nothing',
    { addresses: (list) => list.push(elastic) },
    'translates it to the interface with which it will be associated',
  ],
])('%s in the pool is the cause, and no route mends it', async (_, edits, text) => {
  const evidence = await pooled(public4, edits)
  expect(says(check, evidence, { target: public4 })).toEqual(['fail', expect.stringContaining(text)])
  for (const client of ['vpc', 'internet']) {
    const { causes } = diagnosisOf(evidence, `${public4}:80`, client)
    expect(causes[0]?.id).toBe('delivery/public-vip-is-translated')
    expect(causes.map(({ id }) => id)).not.toContain('delivery/overlay-no-route')
  }
})

test('a public address that the account does not have lives by a route, as any other outside the VPC', async () => {
  const evidence = await pooled(public4)
  expect(says(check, evidence, { target: public4 })[0]).toBe('pass')
  expect(diagnosisOf(evidence, `${public4}:80`).causes[0]?.id).toBe('delivery/overlay-no-route')
})

test('without the addresses of the account it is not known', async () => {
  const evidence = await pooled(public4, { files: { 'aws/describe-addresses.json': null } })
  expect(says(check, evidence, { target: public4 })[0]).toBe('unknown')
})

test('does not apply to a private VIP', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('skipped')
})
