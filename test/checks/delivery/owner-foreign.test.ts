import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/owner-foreign.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ownedBy } from '../../fabric/ec2/edits.ts'

test('fails where a load balancer got the address, and never takes it back', async () => {
  const evidence = await edited('hard-way-l2', {
    enis: (enis) => {
      enis.push({
        NetworkInterfaceId: 'eni-nlb',
        SubnetId: ids.subnet,
        VpcId: ids.vpc,
        InterfaceType: 'network_load_balancer',
        RequesterManaged: true,
        Description: 'ELB net/front/0123456789abcdef',
        Status: 'in-use',
        PrivateIpAddress: '10.240.0.100',
        PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.240.0.100' }],
        Groups: [],
      })
    },
  })
  const [draft] = runCheck(check, ask(evidence))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    '10.240.0.100 belongs to eni-nlb (ELB net/front/0123456789abcdef), an interface of type network_load_balancer that an AWS service manages.',
  ])
  expect(draft?.fix?.commands.join()).not.toContain('allow-reassignment')
  expect(draft?.fix?.commands[0]).toMatch(/"10\.240\.0\.101-10\.240\.0\.110"/)
})

test('fails where an instance that is no node holds the address', async () => {
  const evidence = await edited('hard-way-l2', { enis: ownedBy(ids.bastion) })
  expect(says(check, evidence)).toEqual([
    'fail',
    `10.240.0.100 belongs to ${ids.bastion} (i-09575ba52b0771584), which is no node of the cluster.`,
  ])
})

test('the Service takes the next address of its pool, and the interface of a node gets it', async () => {
  const evidence = await edited('hard-way-l2', { enis: ownedBy(ids.bastion) })
  const [draft] = runCheck(check, ask(evidence))
  expect(draft?.fix?.commands).toEqual([
    `kubectl -n metallb-system patch ipaddresspools.metallb.io first-pool --type merge -p '{"spec":{"addresses":["10.240.0.101-10.240.0.110"]}}'`,
    'kubectl -n default annotate --overwrite service nginx-lb metallb.io/loadBalancerIPs=10.240.0.101',
    expect.stringMatching(
      /^aws ec2 assign-private-ip-addresses --network-interface-id eni-\w+ --private-ip-addresses 10\.240\.0\.101$/,
    ),
  ])
})

test('passes where a node holds it', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})
