import { absence, gap, type Known } from './gap.ts'

/**
 * Where the files of a bundle lie: a directory, an archive, or memory (a live collection). Paths are relative, with `/`.
 * `read` gives the bytes or the gap that says why not, and never throws; `list` gives the names directly inside a folder, sorted,
 * and nothing for a folder that is not there.
 */
export interface Store {
  readonly read: (path: string) => Known<Uint8Array>
  readonly list: (folder: string) => readonly string[]
  /** When the newest of its files was written (RFC 3339); null where that is not known. */
  readonly newest?: () => string | null
  /** What files of other names hold of a file that is not there; null for one that nothing is held of. */
  readonly gathered?: (path: string) => Gathered | null
}

/** One thing that a listing holds, found in a file of any name at a JSON pointer. `isListed`: in a list of its kind, not by itself. */
export interface Found {
  readonly value: unknown
  readonly file: string
  readonly pointer: string
  readonly isListed: boolean
}

/** A listing that was put together of what files of other names hold. `part`: why it may lack some. */
export interface Gathered {
  readonly items: readonly Found[]
  readonly part: string | null
}

/** A store over files in memory: what an archive or a live collection holds. */
export function memoryStore(
  files: ReadonlyMap<string, Uint8Array>,
  gaps: ReadonlyMap<string, string> = new Map(),
): Store {
  const folders = new Map<string, Set<string>>()
  for (const path of files.keys()) {
    const parts = path.split('/')
    for (let depth = 0; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/')
      const names = folders.get(folder) ?? new Set()
      folders.set(folder, names.add(parts[depth] ?? ''))
    }
  }
  return {
    read: (path) => {
      const reason = gaps.get(path)
      return files.get(path) ?? (reason === undefined ? absence(path) : gap(path, reason))
    },
    list: (folder) => [...(folders.get(folder) ?? [])].sort(),
  }
}

/** A bundle's own paths have four parts; a name is at most 255 bytes long (NAME_MAX, linux/limits.h). */
const deepest = 16
const longest = 1024

/**
 * Whether a path stays inside the bundle: relative, no `..`, no empty part, no backslash, no NUL, and no deeper or longer than a bundle's
 * own paths may ever be. Both stores refuse others, so that a hostile bundle reads nothing of the machine that judges it.
 */
export function staysInside(path: string): boolean {
  if (path === '' || path.length > longest || /[\\\0]/.test(path)) return false
  const parts = path.split('/')
  return parts.length <= deepest && parts.every((part) => part !== '' && part !== '.' && part !== '..')
}
