import type { FabricKind } from './cluster.ts'
import type { ClientName, Lab } from './lab.ts'
import type { ProxyMode } from './node.ts'

/** One thing broken by the means a person would have broken it, and what is true then. */
export interface Fault {
  /** What was done, in a few words; unique. */
  readonly name: string
  /** The findings that name it, as ids of causes in their order; none where the packet still gets through. */
  readonly causes: readonly string[]
  /** Findings that must be there besides: warnings, what only follows, what is broken but not on this packet's way. */
  readonly also?: readonly string[]
  /** Nothing is broken: whatever is called a fault is a false alarm. */
  readonly healthy?: true
  readonly fabrics: readonly FabricKind[]
  /** Of kube-proxy, where it is made by rules of that mode alone; else in all. */
  readonly modes?: readonly ProxyMode[]
  readonly client?: ClientName
  /** What is asked for and connected to; the Service default/nginx-lb and its VIP where they are not given. */
  readonly target?: string
  readonly address?: string
  /** The findings of hop `wire` that must be there where vipdoctor listens meanwhile; without it nobody listens. */
  readonly wire?: readonly string[]
  /** Further flags of vipdoctor, as where the fault is not on a node that the packet meets. */
  readonly flags?: string
  /** Why vipdoctor misses it, where that is known and left so: a sentence for the table. */
  readonly open?: string
  /** What becomes of it hangs on the rules that kube-proxy writes: it is tried in every form of them. */
  readonly rules?: true
  /** Runs in the part of the matrix that belongs to every change. */
  readonly smoke?: true
  readonly make: (lab: Lab) => Promise<unknown>
  /** Takes back what `restore` of the lab does not: what was done on nodes. */
  readonly undo?: (lab: Lab) => Promise<unknown>
}
