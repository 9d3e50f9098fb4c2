import type { Fault } from '../fault.ts'
import { accountFaults } from './account.ts'
import { kubernetesFaults } from './kubernetes.ts'
import { nodeFaults } from './node.ts'

/** All that the matrix breaks; the first breaks nothing. */
export const faults: readonly Fault[] = [
  { name: 'nothing', causes: [], fabrics: ['ec2', 'lan'], smoke: true, make: () => Promise.resolve() },
  ...accountFaults,
  ...kubernetesFaults,
  ...nodeFaults,
]
