import type { Fault } from '../fault.ts'
import { accountFaults } from './account.ts'
import { nodeFaults } from './node.ts'

// The hard way's story: a VIP that nobody reaches for four reasons at once, each of which alone would do.

const names = [
  'nobody owns the VIP',
  'the security group does not admit the Service port',
  'kube-proxy and its rules are gone from every node',
  'the CNI configuration is gone from the workers, and the pods are new',
]

const four = names.map((name): Fault => {
  const found = [...accountFaults, ...nodeFaults].find((one) => one.name === name)
  if (found === undefined) throw new Error(`no fault is called ${name}`)
  return found
})

export const storyFaults: readonly Fault[] = [
  {
    fabrics: ['ec2'],
    name: 'the hard way’s four faults at once',
    causes: four.flatMap(({ causes }) => causes),
    make: async (lab) => {
      for (const one of four) await one.make(lab)
    },
    undo: async (lab) => {
      for (const one of four) await one.undo?.(lab)
    },
  },
]
