import { readRegularFile, UnreadableError } from '../evidence/input.ts'
import { UserError } from '../evidence/user-error.ts'

/**
 * The bytes of a small file that a flag names, or that lies in the folder; null where there is none. Only a regular file is read: of a
 * pipe or a device nobody knows the end, and the folder may be a stranger's.
 *
 * @throws UserError where it cannot be read, with the reason.
 */
export function namedFile(file: string, mostBytes: number): Buffer | null {
  const cannot = (why: string, cause?: unknown): UserError =>
    new UserError(`${file} cannot be read: ${why}.`, null, { cause })
  try {
    return readRegularFile(file, mostBytes)
  } catch (error) {
    if (error instanceof UnreadableError) throw cannot(error.message, error)
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw cannot(code, error)
  }
}

/** Settings are some lines. */
export const mostOfSettings = 1 << 20
