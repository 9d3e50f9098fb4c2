import type { PathHop } from '../checks/hop.ts'

/**
 * While one of `whileFailing` fails, the packet never comes to what these checks, or all of a hop, judge: they are neither a cause nor a
 * consequence then, and whoever has mended the one asks again. `why` is a sentence for a reader.
 */
export interface Moot {
  readonly whileFailing: readonly string[]
  readonly moot: readonly (PathHop | `${PathHop}/${string}`)[]
  readonly why: string
}

/** The failures that hide others. What is not in this table is judged as if every failure before it had been mended. */
export const mootTable: readonly Moot[] = [
  {
    whileFailing: ['assignment/vip-assigned'],
    moot: ['announcement', 'delivery', 'admission', 'translation', 'forwarding', 'endpoint', 'return'],
    why: 'without an address there is no packet to walk.',
  },
  {
    whileFailing: ['delivery/vip-not-owned', 'delivery/owner-foreign'],
    moot: ['delivery/owner-detached'],
    why: 'only of the interface that holds the VIP it is asked what it is attached to.',
  },
  {
    whileFailing: ['translation/kube-proxy-running'],
    moot: ['translation/jump-missing', 'translation/source-ranges'],
    why: 'kube-proxy makes its chains and their jumps anew when it starts: before that, nothing is missing from them.',
  },
  {
    whileFailing: ['endpoint/ready'],
    moot: ['translation/jump-missing', 'translation/source-ranges'],
    why: 'for a Service without a ready endpoint kube-proxy writes a rejection, and none of the rules that admit clients or translate.',
  },
  {
    whileFailing: ['translation/notrack', 'forwarding/ip-forward-off', 'forwarding/forward-drop'],
    moot: ['translation/source-ranges'],
    why: 'kube-proxy refuses clients in chain FORWARD, and only what is tracked and comes that far.',
  },
  {
    whileFailing: ['forwarding/ip-forward-off'],
    moot: ['forwarding/forward-drop'],
    why: 'what is not forwarded at all never comes to chain FORWARD.',
  },
  {
    whileFailing: [
      'translation/kube-proxy-running',
      'translation/notrack',
      'translation/jump-missing',
      'translation/source-ranges',
      'forwarding/ip-forward-off',
      'forwarding/forward-drop',
      'endpoint/ready',
    ],
    moot: ['return/masquerade-missing'],
    why: 'of what the node does not send on to a pod there is no answer that could go astray.',
  },
]

/** What makes a check or a hop moot: the lines of the table that name it. */
export const hiddenBy = (name: string): readonly Moot[] =>
  mootTable.filter(({ moot }) => moot.some((one) => one === name))

/** The same as sentences. */
export const hiddenText = (name: string): readonly string[] =>
  hiddenBy(name).map(({ whileFailing, why }) => `Not told while ${whileFailing.join(' or ')} fails: ${why}`)
