import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/reserved-address.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited } from '../../fabric/ec2/edits.ts'

test.each([
  ['10.240.0.0', 'the network address'],
  ['10.240.0.1', 'the VPC router'],
  ['10.240.0.2', "Amazon's DNS"],
  ['10.240.0.3', 'future use'],
  ['10.240.0.255', 'the broadcast address, which a VPC does not carry'],
])('fails for %s, which EC2 keeps', async (vip, use) => {
  const evidence = await fixture('hard-way-l2')
  expect(says(check, evidence, { target: vip })).toEqual([
    'fail',
    `${vip} cannot be used in subnet-c1dad34c5444e3356 (10.240.0.0/24): EC2 keeps it for ${use}.`,
  ])
})

test('proposes for the pool what no interface holds', async () => {
  const evidence = await edited('hard-way-l2', {
    pools: (pools) => {
      pools[0].spec.addresses = ['10.240.0.0-10.240.0.30']
    },
  })
  const [draft] = runCheck(check, ask(evidence, { target: '10.240.0.1' }))
  expect(draft?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch ipaddresspools.metallb.io first-pool --type merge -p '{"spec":{"addresses":["10.240.0.4-10.240.0.9","10.240.0.12-10.240.0.19","10.240.0.22-10.240.0.30"]}}'`,
  ])
})

test('leaves a pool the addresses that were given to nodes besides their own', async () => {
  const evidence = await edited('hard-way-healthy', {
    pools: (pools) => {
      pools[0].spec.addresses = ['10.240.0.2/32', '10.240.0.100-10.240.0.110']
    },
  })
  const [draft] = runCheck(check, ask(evidence, { target: '10.240.0.2' }))
  expect(draft?.fix?.commands[0]).toContain('{"addresses":["10.240.0.100-10.240.0.110"]}')
})

test.each(['10.240.0.4', '10.240.0.100', '10.240.0.254'])('passes for %s', async (vip) => {
  expect(says(check, await fixture('hard-way-l2'), { target: vip })[0]).toBe('pass')
})

test('does not apply on a LAN', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
