import { isAbsent, isGap, type Gap } from './gap.ts'
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

/** Folders by which a folder is a bundle also where nothing says so. */
export const folders: readonly string[] = ['kubernetes', 'aws', 'nodes']

/** Files that somebody put together by hand: their time is that of the newest. */
function withoutManifest(store: Store): Manifest {
  const time = store.newest?.() ?? null
  const when = time === null ? 'ages are not known' : `ages are measured against its newest file (${time})`
  return {
    time,
    tool: null,
    redacted: false,
    gaps: [{ source: 'bundle.json', reason: `not in the evidence: ${when}` }],
  }
}

/**
 * Reads and checks `bundle.json`. `notRead`: files at hand that are no evidence, one of which may be all that there is.
 *
 * @throws UserError where neither it nor a folder of evidence is there, or it is not JSON, or is of another format or a newer version.
 */
export function readManifest(store: Store, where: string, notRead: readonly Gap[] = []): Manifest {
  const json = readJson(store, 'bundle.json')
  if (isAbsent(json) && folders.some((folder) => store.list(folder).length > 0)) return withoutManifest(store)
  const [wrong] = notRead
  if (isAbsent(json) && wrong !== undefined)
    throw new UserError(
      `${where} holds no evidence. ${wrong.source}: ${wrong.reason}.`,
      'What is read: answers of `kubectl get -o json` and `aws ec2 describe-… --output json` under any name, and bundles (docs/bundle.md).',
    )
  if (isGap(json)) {
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
