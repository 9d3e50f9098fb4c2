import { gunzipSync } from 'node:zlib'
import { gap, isAbsent, isGap, type Known } from './gap.ts'
import { longestText, mostUnfolded } from './input.ts'
import type { Store } from './store.ts'

/**
 * A store whose files read as the tools print them, however they were handed in: gzipped (`NAME.gz`, or gzip under the plain name), in UTF-16
 * or with a byte order mark (PowerShell), with line ends of Windows, and answers of kubectl and aws as YAML. They have the names of the bundle
 * layout, and their lines the same numbers. Captures are left as they are. All that is gzipped may unfold to so many bytes; the rest is gaps.
 */
export function asWritten(store: Store, mostBytes = mostUnfolded): Store {
  const unzip = unzipper(mostBytes)
  const decoded = (path: string, bytes: Uint8Array): Known<Uint8Array> => {
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? unzip(path, bytes) : bytes
    const text = isGap(plain) ? plain : inUtf8(path, plain)
    return isGap(text) || !text.includes(0x0d) ? text : withUnixLines(text)
  }
  return {
    ...store,
    read: (path) => {
      if (path.startsWith('captures/')) return store.read(path)
      const bytes = store.read(path)
      if (!isAbsent(bytes)) return isGap(bytes) ? bytes : decoded(path, bytes)
      const [folder, name] = split(path)
      const other = store.list(folder).find((one) => one !== name && plainName(folder, one) === name)
      const found = other === undefined ? bytes : store.read(folder === '' ? other : `${folder}/${other}`)
      return isGap(found) ? bytes : decoded(path, found)
    },
    list: (folder) => [...new Set(store.list(folder).map((name) => plainName(folder, name)))].sort(),
  }
}

function split(path: string): readonly [folder: string, name: string] {
  const at = path.lastIndexOf('/')
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)]
}

/** What a file would be called in a bundle. */
function plainName(folder: string, name: string): string {
  if (folder.startsWith('captures')) return name
  const unpacked = name.replace(/\.gz$/, '')
  return folder === 'kubernetes' || folder === 'aws' ? unpacked.replace(/\.ya?ml$/, '.json') : unpacked
}

/** Unfolds files until all of them together would be too much. A file that is read again counts once. */
function unzipper(mostBytes: number): (path: string, bytes: Uint8Array) => Known<Uint8Array> {
  const sizes = new Map<string, number>()
  let left = mostBytes
  return (path, bytes) => {
    const most = Math.min(longestText, left + (sizes.get(path) ?? 0))
    try {
      const plain = gunzipSync(bytes, { maxOutputLength: Math.max(most, 1) })
      if (!sizes.has(path)) left -= plain.length
      sizes.set(path, plain.length)
      return plain
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ERR_BUFFER_TOO_LARGE')
        return gap(path, `unfolds to more than a ${most < longestText ? 'bundle' : 'file'} may have`)
      return gap(path, code === 'Z_BUF_ERROR' ? 'gzip that is cut off' : 'no gzip, though it begins like one')
    }
  }
}

/** By the byte order mark (Unicode 15, section 23.8); without one the bytes are taken for UTF-8. */
function inUtf8(path: string, bytes: Uint8Array): Known<Uint8Array> {
  const [first, second, third] = bytes
  if (first === 0xef && second === 0xbb && third === 0xbf) return bytes.subarray(3)
  const wide = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null
  if (wide === null) return bytes
  try {
    return Buffer.from(new TextDecoder(wide, { fatal: true }).decode(bytes))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error
    return gap(path, 'not text: no valid UTF-16')
  }
}

/** Bytes stay what they are, whether or not they are UTF-8. */
const withUnixLines = (text: Uint8Array): Uint8Array =>
  Buffer.from(Buffer.from(text).toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
