import { closeSync, openSync, writeSync } from 'node:fs'
import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import { interfaceBlock, packetBlock, sectionHeader } from '../pcapng-writer.ts'

/**
 * Writes frames to a new pcapng file, for its owner alone. Each goes to the system before the next is looked at, so that the file is
 * complete up to the last frame also where the program is killed.
 * @throws UserError where the file cannot be made, or is there.
 */
export function writeFrames(file: string): { readonly write: (frame: Frame) => void; readonly close: () => void } {
  const descriptor = open(file)
  const interfaces: number[] = []
  writeSync(descriptor, sectionHeader())
  return {
    write: (frame) => {
      let number = interfaces.indexOf(frame.linkType)
      if (number === -1) {
        number = interfaces.push(frame.linkType) - 1
        writeSync(descriptor, interfaceBlock(frame.linkType))
      }
      writeSync(descriptor, packetBlock(frame, number))
    },
    close: () => {
      closeSync(descriptor)
    },
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'it is there already' : String(error)
    throw new UserError(`${file} cannot be written: ${reason}.`, null, { cause: error })
  }
}
