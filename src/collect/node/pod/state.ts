/** What matters of a pod as the API server shows it. */
export interface PodSeen {
  readonly metadata?: {
    readonly name?: string
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec?: { readonly activeDeadlineSeconds?: number }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly message?: string
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly running?: object
        readonly waiting?: Ended
        readonly terminated?: Ended
      }
    }[]
  }
}

interface Ended {
  readonly reason?: string
  readonly message?: string
}

/** How far a pod is: something can be run in it, it will never start (why, a phrase), or it is on its way (where, a phrase). */
export type PodState =
  | { readonly is: 'running' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'starting'; readonly at: string }

const shortened = (text: string | undefined): string => (text ?? '').trim().replace(/\.$/, '').slice(0, 300)

/** Reads a pod's status. `image` is the one that its container was to run. */
export function podState({ metadata, status }: PodSeen, image: string): PodState {
  const { waiting, terminated, running } = status?.containerStatuses?.[0]?.state ?? {}
  if (metadata?.deletionTimestamp !== undefined) return { is: 'failed', why: 'its pod was deleted by somebody else' }
  const ended = terminated ?? status
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded')
    return { is: 'failed', why: withWords(`its pod ended (${ended?.reason ?? status.phase})`, ended?.message) }
  if (running !== undefined) return { is: 'running' }
  const reason = waiting?.reason ?? ''
  if (/^(ErrImage|ImagePull|InvalidImageName|RegistryUnavailable)/.test(reason))
    return { is: 'failed', why: withWords(`the image ${image} cannot be had there (${reason})`, waiting?.message) }
  if (/Error$|^CrashLoopBackOff$/.test(reason))
    return { is: 'failed', why: withWords(`the container cannot be started there (${reason})`, waiting?.message) }
  return { is: 'starting', at: reason === '' ? (status?.phase ?? 'Pending') : reason }
}

const withWords = (says: string, words: string | undefined): string =>
  shortened(words) === '' ? says : `${says}: ${shortened(words)}`
