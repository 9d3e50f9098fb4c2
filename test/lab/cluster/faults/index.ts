import type { Fault } from '../fault.ts'
import { accountFaults } from './account.ts'
import { askedFaults } from './asked.ts'
import { controlFaults } from './control.ts'
import { kernelFaults } from './kernel.ts'
import { kubeVipFaults } from './kube-vip.ts'
import { kubernetesFaults } from './kubernetes.ts'
import { nodeFaults } from './node.ts'
import { proxyFaults } from './proxy.ts'
import { storyFaults } from './story.ts'

const nothing = { causes: [], fabrics: ['ec2', 'lan'], healthy: true, make: () => Promise.resolve() } as const

/** Every place that a client can be in, and nothing broken. */
const healthyLabs: readonly Fault[] = [
  { ...nothing, name: 'nothing', smoke: true },
  { ...nothing, name: 'nothing, while vipdoctor listens', wire: ['wire/capture-blind'] },
  { ...nothing, name: 'nothing, seen from another subnet', client: 'far' },
  { ...nothing, name: 'nothing, seen from outside', client: 'outside' },
  { ...nothing, name: 'nothing, seen from a node', client: 'node' },
  { ...nothing, name: 'nothing, seen from a pod', client: 'pod', smoke: true },
]

/** All that the matrix breaks; the first break nothing. */
export const faults: readonly Fault[] = [
  ...healthyLabs,
  ...accountFaults,
  ...kubernetesFaults,
  ...askedFaults,
  ...nodeFaults,
  ...proxyFaults,
  ...kernelFaults,
  ...controlFaults,
  ...kubeVipFaults,
  ...storyFaults,
]
