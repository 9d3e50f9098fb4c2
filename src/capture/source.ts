import type { Frame } from './frame.ts'

/** Why frames stopped: `cut` names the place where a file ends in the middle of something; `dropped` what the kernel could not keep. */
export interface SourceEnd {
  readonly cut: string | null
  readonly dropped: number | null
}

/** Where frames come from: a file, a program, the kernel. `read` hands out each wanted frame, until the end or until `signal` aborts. */
export interface FrameSource {
  /** As the report names it: a path, an interface. */
  readonly name: string
  read(wanted: Wanted, take: (frame: Frame) => void, signal: AbortSignal): Promise<SourceEnd>
}

/** Whether a frame is worth taking out of the buffer at all: looked at in place, `from` to `to`, before anything is copied. */
export type Wanted = (bytes: Uint8Array, from: number, to: number, linkType: number) => boolean
