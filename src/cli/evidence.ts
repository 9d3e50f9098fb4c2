import { openBundle } from '../collect/open-bundle.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { UserError } from '../evidence/user-error.ts'
import type { Asked, readLiveCluster } from './live.ts'

/** Where a command's evidence comes from: a bundle, or the cluster that the live flags name. */
export type SourceFlags = Parameters<typeof readLiveCluster>[0] & {
  readonly bundle: string | undefined
  readonly 'save-bundle'?: string | undefined
  readonly force?: boolean
  readonly probe?: boolean
}

/**
 * What a command judges: the bundle of the flags, else what their cluster shows now; null where Ctrl-C ended the reading.
 *
 * @throws UserError where flags of a live cluster stand beside a bundle, or neither can be had.
 */
export const evidenceOf = (flags: SourceFlags, asked: Asked, tool: string): Promise<Evidence | null> =>
  flags.bundle === undefined ? liveEvidence(flags, asked, tool) : bundleEvidence(flags.bundle, flags)

/** It is judged as the bundle that it is saved as. */
async function liveEvidence(flags: SourceFlags, asked: Asked, tool: string): Promise<Evidence | null> {
  // A bundle is judged twice as fast where nothing of a live collection is loaded.
  const [{ evidenceOver }, { refuseUnwritable, writeBundle }, { readLiveCluster }] = await Promise.all([
    import('../collect/live.ts'),
    import('../collect/write-bundle.ts'),
    import('./live.ts'),
  ])
  const { 'save-bundle': saved, force = false } = flags
  if (saved !== undefined) refuseUnwritable(saved, force)
  const live = await readLiveCluster(flags, asked, tool)
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
