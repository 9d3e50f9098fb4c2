import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/pod-neighbour-failed'
const failed = (address: string, state = 'FAILED') =>
  editJson((entries: Json) => {
    for (const entry of entries)
      if (entry.dst === address) {
        delete entry.lladdr
        entry.state = [state]
      }
  })

test.each(['hard-way-healthy', 'lan-healthy', 'ipvs', 'nftables', 'etp-local', 'lan-no-kube-proxy-on-announcer'])(
  '%s: no next hop is silent',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([
      ['pass', expect.stringMatching(/^No next hop on the packet’s way from \S+ is known to be silent\.$/)],
    ])
  },
)

test('the only pod does not answer', async () => {
  const evidence = await variant('etp-local', { 'nodes/worker-0/ip-neigh.json': failed('10.200.2.3') })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes.map((one) => [one.id, one.status, one.says])]).toEqual([
    'unreachable',
    [
      [
        id,
        'fail',
        'On worker-0 nobody answers for 10.200.2.3, the pod’s address: its neighbour entry on cni0 is FAILED.',
      ],
    ],
  ])
})

test('one of two pods, on another node, costs a part of the connections', async () => {
  const evidence = await variant('hard-way-healthy', { 'nodes/worker-0/ip-neigh.json': failed('10.200.2.2') })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'For a part of the connections: On worker-0 nobody answers for 10.200.2.2, the pod’s address: its neighbour entry on cni0 is FAILED.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test('a host on the way does not answer', async () => {
  const evidence = await variant('hard-way-healthy', { 'nodes/controller-0/ip-neigh.json': failed('10.240.0.1') })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'On controller-0 nobody answers for 10.240.0.1, through which the packet would go to 10.200.2.2: its neighbour entry on eth0 is FAILED.',
    ],
  ])
})

test('an entry that is being asked for is no answer, and no failure yet', async () => {
  const evidence = await variant('etp-local', { 'nodes/worker-0/ip-neigh.json': failed('10.200.2.3', 'INCOMPLETE') })
  expect(found(evidence, id)).toEqual([
    [
      'unknown',
      'worker-0 was asking for 10.200.2.3, the pod’s address, when it was read, and had no answer: its neighbour entry on cni0 is INCOMPLETE.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})
