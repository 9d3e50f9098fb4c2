import type { Frame } from './frame.ts'

/**
 * Why frames stopped: `cut` names the place where a file ends in the middle of something; `dropped` how many the kernel could not keep,
 * `some` where it may have lost frames and does not say how many, null where that is not known; `frames` how many there were of each link
 * type, also of those that nobody wanted; `on` which interface was listened on, where a program tells; `early` how long was listened, and why
 * no longer, where a program that listened ended before it was asked to.
 */
export interface SourceEnd {
  readonly cut: string | null
  readonly dropped: number | 'some' | null
  readonly frames: ReadonlyMap<number, number>
  readonly on?: string | undefined
  readonly early?: { readonly seconds: number; readonly why: string } | undefined
}

/** How an interface is listened on. */
export interface ListenOptions {
  readonly promiscuous: boolean
  /** In the language of libpcap, without a word about VLANs. */
  readonly filter: string
  /** How much of a frame is kept: the less, the more frames fit into the kernel's buffer. */
  readonly snapLength: number
}

/** Matches the same behind a VLAN tag too. `vlan` moves what comes after it, so it stands last. */
export const withVlan = (filter: string): string => `${filter} or (vlan and (${filter}))`

/**
 * Where frames come from: a file, a program, the kernel. `read` hands out each wanted frame, until the end or until `signal` aborts;
 * one that listens tells by `onListening` that it does now, which on a node takes its time.
 */
export interface FrameSource {
  /** As the report names it: a path, an interface. */
  readonly name: string
  read(wanted: Wanted, take: (frame: Frame) => void, signal: AbortSignal, onListening?: () => void): Promise<SourceEnd>
}

/** Whether a frame is worth taking out of the buffer at all: looked at in place, `from` to `to`, before anything is copied. */
export type Wanted = (bytes: Uint8Array, from: number, to: number, linkType: number) => boolean
