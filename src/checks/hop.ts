/** The stages of the packet's journey, in order. */
export const pathHops = [
  'assignment',
  'announcement',
  'delivery',
  'admission',
  'translation',
  'forwarding',
  'endpoint',
  'return',
] as const

/** The journey's hops, then what it depends on (`control`) and what a capture saw (`wire`). */
export const hops = [...pathHops, 'control', 'wire'] as const

/** The name of a hop; of one on the packet’s own way. */
export type Hop = (typeof hops)[number]
export type PathHop = (typeof pathHops)[number]
