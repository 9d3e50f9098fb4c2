import { expect, test } from '@jest/globals'
import check from '../../../src/checks/admission/nlb-nodeport.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

const withBalancer = (port: number) =>
  edited('hard-way-healthy', {
    enis: (enis) => {
      enis.push({
        NetworkInterfaceId: 'eni-nlb',
        SubnetId: ids.subnet,
        VpcId: ids.vpc,
        InterfaceType: 'network_load_balancer',
        Description: 'ELB net/front/0123456789abcdef',
        PrivateIpAddress: '10.240.0.200',
        PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.240.0.200' }],
        Groups: [],
      })
    },
    rules: ingress([tcp(port, '10.240.0.0/16')]),
  })

test('warns where the load balancer cannot reach the NodePort', async () => {
  const [draft] = runCheck(check, ask(await withBalancer(80)))
  expect(draft?.status).toBe('warn')
  expect(draft?.says).toMatch(/refuses tcp\/30080 from ELB net\/front\/0123456789abcdef/)
  expect(draft?.fix?.commands[0]).toContain('{CidrIp=10.240.0.200/32}')
})

test('passes where it can', async () => {
  expect(says(check, await withBalancer(30080))[0]).toBe('pass')
})

test('has nothing to say without a load balancer', async () => {
  expect(says(check, await fixture('hard-way-four-faults'))[0]).toBe('skipped')
})
