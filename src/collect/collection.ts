import { staysInside } from '../evidence/store.ts'
import { bundleFormat, bundleVersion } from '../evidence/manifest.ts'

/** What a source gave: the files of a bundle by path, and for what could not be read the path and the reason (a phrase without a full stop). */
export interface Collection {
  readonly files: Map<string, Uint8Array>
  readonly gaps: Map<string, string>
}

/** A collection into which nothing was read yet. */
export const emptyCollection = (): Collection => ({ files: new Map(), gaps: new Map() })

/** Adds what another source gave. */
export function addAll(to: Collection, from: Collection): void {
  for (const [path, bytes] of from.files) to.files.set(path, bytes)
  for (const [path, reason] of from.gaps) to.gaps.set(path, reason)
}

/** JSON as the AWS CLI and kubectl print it: four blanks an indent, a newline at the end. */
export const jsonBytes = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 4)}\n`)

/** Tells whoever waits what is being read, beginning with the source: `aws: 3 listings of us-east-1 read`; `failed`: what could not be. */
export type Progress = (says: string, failed?: boolean) => void

/**
 * Closes a collection: adds `bundle.json`, with the gaps and the list of files in order. `time` is when reading ended (RFC 3339);
 * `redaction` what was replaced, null where nothing was.
 */
export function sealed(
  { files, gaps }: Collection,
  {
    time,
    tool,
    redaction = null,
  }: { readonly time: string; readonly tool: string; readonly redaction?: object | null },
): ReadonlyMap<string, Uint8Array> {
  // Names of nodes come from outside, and become folders.
  const paths = [...new Set([...files.keys(), 'bundle.json'])].filter(staysInside).sort()
  const manifest = {
    format: bundleFormat,
    version: bundleVersion,
    time,
    tool,
    redaction,
    gaps: [...gaps].sort(([one], [other]) => (one < other ? -1 : 1)).map(([source, reason]) => ({ source, reason })),
    files: paths,
  }
  const all = new Map(files).set('bundle.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  return new Map(paths.map((path) => [path, all.get(path) ?? new Uint8Array()]))
}
