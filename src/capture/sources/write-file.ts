import { closeSync, openSync, writeSync } from 'node:fs'
import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import { frameBlocks } from '../pcapng-writer.ts'

/**
 * Writes frames to a new pcapng file, for its owner alone. Each goes to the system before the next is looked at, so that the file is
 * complete up to the last frame also where the program is killed.
 * @throws UserError where the file cannot be made, or is there; `write` where the disk is full.
 */
export function writeFrames(file: string): { readonly write: (frame: Frame) => void; readonly close: () => void } {
  const descriptor = open(file)
  const append = (block: Uint8Array): void => {
    try {
      for (let at = 0; at < block.length;) at += writeSync(descriptor, block, at)
    } catch (error) {
      throw cannotWrite(file, error)
    }
  }
  return {
    write: frameBlocks(append),
    close: () => {
      closeSync(descriptor)
    },
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/** What the system said, in words; an error that is not the system's is thrown on. */
function cannotWrite(file: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  const reason = { EEXIST: 'it is there already', ENOSPC: 'the disk is full' }[code] ?? message
  return new UserError(`${file} cannot be written: ${reason}.`, null, { cause: error })
}
