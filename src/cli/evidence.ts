import { openBundle } from '../collect/open-bundle.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { UserError } from '../evidence/user-error.ts'
import type { LiveFiles } from '../collect/live.ts'
import { usualFile } from './accept-file.ts'
import { say } from './exit.ts'
import { kubeconfigsOf } from './live-flags.ts'
import type { Asked, readLiveCluster } from './live.ts'
import { untilWell, type Round } from './wait.ts'

/** Where a command's evidence comes from: a bundle, or the cluster that the live flags name. */
export type SourceFlags = Parameters<typeof readLiveCluster>[0] & {
  readonly bundle: string | undefined
  readonly 'save-bundle'?: string | undefined
  readonly force?: boolean
  readonly probe?: boolean
  readonly wait?: number | undefined
}

/** What is waited for: until a reading is judged to be well, or for so long. */
interface Until {
  readonly waitMs: number
  readonly judge: (evidence: Evidence) => Round
}

/**
 * What a command judges: the bundle of the flags, else what their cluster shows now; null where Ctrl-C ended the reading.
 *
 * @throws UserError where flags of a live cluster stand beside a bundle, or neither can be had.
 */
export const evidenceOf = (
  flags: SourceFlags,
  asked: Asked,
  tool: string,
  until: Until | null = null,
): Promise<Evidence | null> =>
  flags.bundle === undefined ? liveEvidence(flags, asked, tool, until) : bundleEvidence(flags.bundle, flags)

/** The files and folders of the flags that hold what is judged, or will. */
export const namedPlaces = (flags: SourceFlags & { readonly accept?: string | undefined }): readonly string[] => [
  ...(flags.bundle === undefined ? kubeconfigsOf(flags.kubeconfig, process.env) : [flags.bundle]),
  ...(flags['save-bundle'] === undefined ? [] : [flags['save-bundle']]),
  ...(flags['node-output'] ?? []).map((text) => text.slice(text.indexOf('=') + 1)),
  flags.accept ?? usualFile,
]

/** It is judged as the bundle that it is saved as. */
async function liveEvidence(
  flags: SourceFlags,
  asked: Asked,
  tool: string,
  until: Until | null,
): Promise<Evidence | null> {
  // A bundle is judged twice as fast where nothing of a live collection is loaded.
  const [{ evidenceOver }, { refuseUnwritable, writeBundle }, { readLiveCluster }] = await Promise.all([
    import('../collect/live.ts'),
    import('../collect/write-bundle.ts'),
    import('./live.ts'),
  ])
  const { 'save-bundle': saved, force = false } = flags
  if (saved !== undefined) refuseUnwritable(saved, force)
  let again = false
  const read = (kept: Asked['kept'] = null): Promise<LiveFiles | null> => {
    const reading = readLiveCluster(flags, { ...asked, kept, again }, tool)
    again = true
    return reading
  }
  const live = await (until === null
    ? read()
    : untilWell<LiveFiles>({
        waitMs: until.waitMs,
        read,
        judge: ({ files }) => until.judge(evidenceOver(files)),
        tell: flags.quiet ? () => undefined : say,
        now: Date.now,
      }))
  if (live === null) return null
  if (saved !== undefined) await writeBundle(saved, live.files, { time: live.time, force })
  return evidenceOver(live.files)
}

/** A bundle is judged as it is, so no flag says how to read a live cluster. */
function bundleEvidence(bundle: string, flags: SourceFlags): Promise<Evidence> {
  const live = [
    'kubeconfig',
    'context',
    'region',
    'profile',
    'ssh-user',
    'ssh-option',
    'node-output',
    'save-bundle',
    'wait',
    'capture',
  ] as const
  const given = [
    ...live.filter((flag) => flags[flag] !== undefined),
    ...(flags.nodes === 'none' ? [] : ['nodes']),
    ...(flags.probe === true ? ['probe'] : []),
  ]
  if (given.length > 0) {
    throw new UserError(
      `--${given[0] ?? ''} is about a live cluster, and a bundle was named.`,
      'Leave one of the two out.',
    )
  }
  return openBundle(bundle)
}
