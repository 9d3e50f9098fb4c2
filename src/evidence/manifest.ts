import { isGap } from './gap.ts'
import { readJson } from './json.ts'
import { conform } from './shape.ts'
import type { Store } from './store.ts'
import { UserError } from './user-error.ts'

/** `bundle.json`: what says that a folder is a bundle. `time` is null where the file has none. */
export interface Manifest {
  readonly time: string | null
  readonly tool: string | null
  readonly redacted: boolean
  readonly gaps: readonly { readonly source: string; readonly reason: string }[]
}

const shape = {
  format: 'string',
  version: 'number',
  time: 'string',
  tool: 'string',
  redaction: 'json',
  gaps: [{ source: 'string', reason: 'string' }],
} as const

export const bundleFormat = 'vipdoctor-bundle'
export const bundleVersion = 1

const folders = ['kubernetes', 'aws', 'nodes']

/**
 * Reads and checks `bundle.json`. A folder that somebody filled by hand (`kubernetes/`, `aws/` or `nodes/`) is a bundle without one: nobody knows
 * of when it is.
 *
 * @throws UserError where it is not there, is not JSON, or is of another format or a newer version.
 */
export function readManifest(store: Store, where: string): Manifest {
  const json = readJson(store, 'bundle.json')
  if (isGap(json)) {
    const byHand = !store.list('').includes('bundle.json') && folders.some((folder) => store.list(folder).length > 0)
    if (byHand) return { time: null, tool: null, redacted: false, gaps: [] }
    throw new UserError(
      `${where} is no bundle: bundle.json is ${json.reason}.`,
      'Write one with `vipdoctor collect -o bundle.tar.gz`, or see docs/bundle.md.',
    )
  }
  const read = conform(json, shape)
  if ('misfit' in read)
    throw new UserError(
      `${where} is no bundle: in bundle.json ${read.misfit.pointer} is ${read.misfit.found}, not ${read.misfit.expected}.`,
    )
  const { format, version, time, tool, redaction, gaps } = read.value
  if (format !== bundleFormat)
    throw new UserError(`${where} is no bundle: bundle.json does not say "format": "${bundleFormat}".`)
  if (version !== bundleVersion) {
    throw new UserError(
      `${where} is a bundle of version ${String(version)}; this program reads version ${String(bundleVersion)}.`,
    )
  }
  return {
    time: time !== undefined && !Number.isNaN(Date.parse(time)) ? time : null,
    tool: tool ?? null,
    redacted: redaction !== undefined,
    gaps: (gaps ?? []).map(({ source = '', reason = '' }) => ({ source, reason })),
  }
}
