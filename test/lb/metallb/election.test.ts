import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { known } from '../../../src/evidence/gap.ts'
import { electedNode, electionOrder } from '../../../src/lb/metallb/election.ts'
import { observedByMetallb } from '../../../src/lb/metallb/observed.ts'
import { addressOf, parseAddress } from '../../../src/net/address.ts'
import { editJson, fixture, fixtureNames, truthOf, variant, type Json } from '../../kit/fixtures.ts'
import { layer2, oldMetallb } from '../../kit/old-metallb.ts'
import { ask } from '../../kit/ask.ts'

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

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/), { minLength: 1, maxLength: 20 })
const addresses = fc.nat(0xffffffff).map((value) => addressOf(4, BigInt(value)))

test('the order in which nodes are listed does not matter', () => {
  fc.assert(
    fc.property(names, addresses, (nodes, address) => {
      expect(electionOrder([...nodes].reverse(), address)).toEqual(electionOrder(nodes, address))
    }),
  )
})

test('a node that did not win can go without changing the winner', () => {
  fc.assert(
    fc.property(names, addresses, fc.nat(), (nodes, address, pick) => {
      const [winner, ...losers] = electionOrder(nodes, address)
      const gone = losers[pick % Math.max(losers.length, 1)]
      expect(
        electionOrder(
          nodes.filter((node) => node !== gone),
          address,
        )[0],
      ).toBe(winner)
    }),
  )
})

// Without kube-proxy the speakers stay Ready on the connections that they had, and announce nothing: that is not the election's to see.
const frozen = new Set(['four-faults-but-cni'])

test('in every recording of MetalLB the elected node is the one of its status', async () => {
  const judged: string[] = []
  for (const name of fixtureNames) {
    const { vip, service } = await truthOf(name)
    const evidence = await fixture(name)
    if (vip === null || service === null || known(evidence.kubernetes.servicel2statuses) === null) continue
    const { question } = ask(evidence, { target: vip })
    if (question.about !== 'service') throw new Error(`${service} is no Service of ${name}`)
    const observed = known(observedByMetallb(evidence, question.service)) ?? []
    const elected = known(electedNode(evidence, question))
    const nodes = observed.map(({ node }) => node)
    if (frozen.has(name)) expect([name, nodes]).toEqual([name, []])
    else expect([name, elected === null ? [] : [elected]]).toEqual([name, nodes])
    judged.push(name)
  }
  expect(judged.length).toBeGreaterThan(20)
})

const slices = 'kubernetes/endpointslices.discovery.k8s.io.json'
const ending = (conditions: object) =>
  editJson((list: Json) => {
    for (const { endpoints } of list.items) for (const endpoint of endpoints ?? []) endpoint.conditions = conditions
  })

test.each([
  ['an endpoint that ends and still serves', { ready: false, serving: true, terminating: true }, 'controller-0'],
  ['one that serves no more', { ready: false, serving: false, terminating: true }, null],
])('%s: MetalLB elects by it', async (_, conditions, node) => {
  const evidence = await variant('lan-healthy', { [slices]: ending(conditions) })
  expect(electedNode(evidence, ask(evidence, { fabric: 'lan' }).question)).toBe(node)
})

test('0.14.9, and no other release, passes over a cordoned node', async () => {
  const cordoned = (version: string) =>
    variant('lan-healthy', {
      'kubernetes/nodes.json': editJson((list: Json) => {
        for (const { metadata, spec } of list.items) if (metadata.name === 'controller-0') spec.unschedulable = true
      }),
      'kubernetes/pods.json': (text) =>
        text.replaceAll(/(metallb\/(?:speaker|controller)):v0\.16\.1/g, `$1:v${version}`),
    })
  const elected = async (version: string) => {
    const evidence = await cordoned(version)
    return electedNode(evidence, ask(evidence, { fabric: 'lan' }).question)
  }
  expect([await elected('0.14.9'), await elected('0.15.0')]).toEqual([
    expect.not.stringMatching(/^controller-0$/),
    'controller-0',
  ])
})

const winner = async (image: string, changes: Parameters<typeof variant>[1] = {}) => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': (text) => text.replaceAll(/(metallb\/(?:speaker|controller)):v0\.16\.1/g, `$1:${image}`),
    ...changes,
  })
  return electedNode(evidence, ask(evidence, { fabric: 'lan' }).question)
}

test('up to 0.10 the Service’s name is hashed, among the nodes with an endpoint', async () => {
  const [expected] = ['worker-0', 'worker-1'].sort((one, other) => (sha(one) < sha(other) ? -1 : 1))
  for (const version of ['0.10.3', '0.9.6']) {
    const evidence = await oldMetallb(layer2, {}, { version })
    expect(electedNode(evidence, ask(evidence, { fabric: 'lan' }).question)).toBe(expected)
  }
  const later = await oldMetallb(layer2, {}, { version: '0.11.0' })
  expect(electedNode(later, ask(later, { fabric: 'lan' }).question)).toBe('controller-0')
})

const sha = (node: string): string => createHash('sha256').update(`${node}#default/nginx-lb`).digest('hex')

test.each([
  ['NetworkUnavailable', 'v0.13.9', 'v0.13.10'],
  ['the exclude label', 'v0.13.12', 'v0.14.0'],
])('%s puts a node out since the release that brought it', async (what, before, since) => {
  const nodes = editJson((list: Json) => {
    for (const { metadata, status } of list.items)
      if (metadata.name === 'controller-0') {
        if (what === 'NetworkUnavailable') status.conditions.push({ type: what, status: 'True' })
        else metadata.labels['node.kubernetes.io/exclude-from-external-load-balancers'] = 'false'
      }
  })
  const changes = { 'kubernetes/nodes.json': nodes }
  expect([await winner(before, changes), await winner(since, changes)]).toEqual([
    'controller-0',
    expect.not.stringMatching(/^controller-0$/),
  ])
})
