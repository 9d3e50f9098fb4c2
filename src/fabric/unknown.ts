import type { Fabric } from './fabric.ts'
import { providerOf } from './provider.ts'

/** Nodes that say nothing of where they stand, or that name a provider whom nobody here knows: never judged as a LAN. */
export const unknownFabric: Fabric = {
  name: 'unknown',
  delivery: 'unknown',
  // Asked last: no fabric has known the provider.
  recognise: (node) => (providerOf(node) === null ? null : 'looks'),
  deliver: () => null,
  words: {
    name: 'a network that is not known',
    elsewhere: 'It is not known what carries frames between the nodes, nor what it delivers and lets in.',
    announcing: 'Whether packets hang on an announcement is not known.',
    choosing: 'Choose addresses that nothing else has and that the network delivers to the nodes.',
    unclear:
      'It is not known what carries % to a node: no provider id, no system UUID of the nodes and no account says whether they stand in a VPC or on a LAN. --fabric lan or --fabric ec2 says it.',
  },
}
