import { expect, test } from '@jest/globals'
import { nodesAwaited } from '../../src/lb/toleration.ts'

const node = (name: string, keys: readonly string[], more = {}) => ({
  metadata: { name },
  spec: { taints: keys.map((key) => ({ key, effect: 'NoSchedule' })), ...more },
})
const notReady = 'node.kubernetes.io/not-ready'
const controlPlane = 'node-role.kubernetes.io/control-plane'
const pod = { spec: {} }

test.each([
  [
    'nodes that are not ready, beside one that is kept for others',
    [node('a', [controlPlane]), node('b', [notReady])],
    ['b'],
  ],
  ['none where a node would take it', [node('a', []), node('b', [notReady])], []],
  ['no cordoned node', [node('a', [notReady], { unschedulable: true }), node('b', [notReady])], ['b']],
  ['no node that is kept for others besides', [node('a', [notReady, controlPlane])], []],
])('a pod that no node has taken waits for %s', (_, nodes, awaited) => {
  expect(nodesAwaited(nodes, [pod])).toEqual(awaited)
})

test('a pod that tolerates what a node has waits for something else', () => {
  const tolerant = { spec: { tolerations: [{ operator: 'Exists' }] } }
  expect(nodesAwaited([node('a', [notReady])], [tolerant])).toEqual([])
})

test('a pod that asks for a label waits for the nodes that have it', () => {
  const choosy = { spec: { nodeSelector: { disk: 'ssd' } } }
  const labelled = { metadata: { name: 'b', labels: { disk: 'ssd' } }, spec: node('b', [notReady]).spec }
  expect(nodesAwaited([node('a', []), labelled], [choosy])).toEqual(['b'])
})
