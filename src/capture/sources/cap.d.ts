/** The part of the package cap 0.2.1 that is used; it ships no types. */
declare module 'cap' {
  import type { EventEmitter } from 'node:events'

  export interface Handle extends EventEmitter {
    /** Gives the name of the link type; each frame is copied into `buffer` before `packet` is emitted with its length. */
    open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string
    close(): void
    on(event: 'packet', listener: (length: number) => void): this
  }
  const cap: { readonly Cap: new () => Handle }
  export default cap
}
