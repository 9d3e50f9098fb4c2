import { expect, test } from '@jest/globals'
import { electionOrder } from '../../../src/lb/metallb/election.ts'
import { parseAddress } from '../../../src/net/address.ts'

const ec2 = ['10', '11', '12'].map((last) => `ip-10-0-1-${last}.ec2.internal`)

// Computed by MetalLB's own code; iris1 and iris2 stand in its unit tests (speaker/layer2_controller_test.go, v0.16.1).
test.each([
  [['iris1', 'iris2'], '10.20.30.1', ['iris2', 'iris1']],
  [['iris1', 'iris2'], '10.20.30.2', ['iris1', 'iris2']],
  [['node1', 'node2', 'node3'], '192.168.1.240', ['node3', 'node1', 'node2']],
  [['worker-0', 'worker-1', 'worker-2'], '10.240.0.200', ['worker-1', 'worker-2', 'worker-0']],
  [['worker-0', 'worker-1', 'worker-2'], '192.168.1.240', ['worker-0', 'worker-2', 'worker-1']],
  [['worker-0', 'worker-1', 'worker-2'], '2001:db8::1', ['worker-0', 'worker-2', 'worker-1']],
  [['worker-0', 'worker-1', 'worker-2'], '2001:DB8:0:0::1', ['worker-0', 'worker-2', 'worker-1']],
  [ec2, '10.0.0.100', ec2],
  [ec2, '10.240.0.200', [...ec2].reverse()],
])('of %j MetalLB prefers for %s %j', (nodes, ip, order) => {
  const address = parseAddress(ip)
  expect(address === null ? null : electionOrder(nodes, address)).toEqual(order)
})
