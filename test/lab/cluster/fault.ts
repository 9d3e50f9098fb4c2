import type { FabricKind } from './cluster.ts'
import type { ClientName, Lab } from './lab.ts'

/** One thing broken by the means a person would have broken it, and what is true then. */
export interface Fault {
  /** What was done, in a few words; unique. */
  readonly name: string
  /** The findings that name it, as ids of causes in their order; none where the packet still gets through. */
  readonly causes: readonly string[]
  /** A finding that must say it without stopping the packet. */
  readonly warns?: string
  readonly fabrics: readonly FabricKind[]
  readonly client?: ClientName
  /** What is asked for and connected to; the Service default/nginx-lb and its VIP where they are not given. */
  readonly target?: string
  readonly address?: string
  /** Runs in the part of the matrix that belongs to every change. */
  readonly smoke?: true
  readonly make: (lab: Lab) => Promise<unknown>
  /** Takes back what `restore` of the lab does not: what was done on nodes. */
  readonly undo?: (lab: Lab) => Promise<unknown>
}
