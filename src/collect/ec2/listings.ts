import { awsFile, awsKinds, type AwsAction, type AwsKindName } from '../../evidence/ec2/kinds.ts'
import { jsonBytes, type Collection, type Progress } from '../collection.ts'
import { limiter } from '../limiter.ts'
import type { Account, ApiAnswer, ApiCall } from './client.ts'
import { allPages, pageSizes } from './pages.ts'
import { refusalOf } from './reason.ts'

export type Item = Readonly<Record<string, unknown>>
type Input = Readonly<Record<string, unknown>>

/** Reads listings of one region into the files of a collection, or says in its gaps why not. */
export interface Listings {
  /** Every page of a listing whose input is one or several; null where it failed. `file` null: for the caller only, neither file nor gap. */
  readonly list: (
    action: AwsAction,
    file: string | null,
    inputs: readonly Input[],
    members: readonly string[],
  ) => Promise<ApiAnswer | null>
  readonly kind: (name: AwsKindName, ...inputs: readonly Input[]) => Promise<ApiAnswer | null>
  /** Why an action failed; null where it did not. */
  readonly refused: (action: AwsAction) => string | null
  /** Why nothing more can be read at all; null while that is not so. */
  readonly stopped: () => string | null
  /** Makes every wanted kind that is neither a file nor a gap yet a gap. */
  readonly refuseRest: (reason: string, wanted: readonly AwsKindName[]) => void
}

export function listingsOf(
  account: Account,
  region: string,
  { files, gaps }: Collection,
  progress: Progress,
): Listings {
  // EC2 refills 20 read requests a second (EC2 developer guide, "Request throttling"); six at once stay below that on any network.
  const atOnce = limiter(6)
  const refused = new Map<AwsAction, string>()
  let stop: string | null = null
  let answered = false
  let read = 0

  const call: ApiCall = async (action, input) => {
    const answer = await account.ec2(action, input)
    answered = true
    return answer
  }

  const pagesOf = (action: AwsAction, input: Input, members: readonly string[]): Promise<ApiAnswer> =>
    atOnce(() => {
      if (stop !== null) throw new StoppedError()
      const size = pageSizes[action]
      return allPages(call, action, size === undefined ? input : { ...input, MaxResults: size }, members)
    })

  const list: Listings['list'] = async (action, file, inputs, members) => {
    try {
      const parts = await Promise.all(inputs.map((input) => pagesOf(action, input, members)))
      const answer = joined(parts, members)
      read += 1
      progress(`aws: ${String(read)} listings of ${region} read`)
      if (file !== null) files.set(file, jsonBytes(answer))
      return answer
    } catch (error) {
      if (!(error instanceof StoppedError)) {
        const refusal = refusalOf(error, action, region)
        if (refusal.everywhere || (refusal.silent === true && !answered)) stop ??= refusal.reason
        else answered ||= refusal.silent !== true
        refused.set(action, refusal.reason)
        if (file !== null) gaps.set(file, refusal.reason)
      } else if (file !== null && stop !== null) gaps.set(file, stop)
      return null
    }
  }
  return {
    list,
    kind: (name, ...inputs) => list(awsKinds[name].action, awsFile(name), inputs, [awsKinds[name].member]),
    refused: (action) => refused.get(action) ?? null,
    stopped: () => stop,
    refuseRest: (reason, wanted) => {
      for (const name of wanted) {
        if (!files.has(awsFile(name)) && !gaps.has(awsFile(name))) gaps.set(awsFile(name), reason)
      }
    },
  }
}

class StoppedError extends Error {}

function joined(parts: readonly ApiAnswer[], members: readonly string[]): ApiAnswer {
  const [first, ...rest] = parts
  const empty = Object.fromEntries(members.map((member) => [member, []]))
  if (first === undefined) return empty
  return rest.reduce(
    (sum, part) => ({
      ...sum,
      ...Object.fromEntries(members.map((member) => [member, [...itemsOf(sum, member), ...itemsOf(part, member)]])),
    }),
    first,
  )
}

/** The items of a list in an answer; none where the answer is null or has no such list. */
export function itemsOf(answer: Item | null | undefined, member: string): readonly Item[] {
  const items = answer?.[member]
  return Array.isArray(items) ? (items as readonly Item[]) : []
}

/** The texts of one member of many items, each once, in order. */
export function textsOf(items: readonly Item[], member: string): readonly string[] {
  return [...new Set(items.map((item) => item[member]).filter((value) => typeof value === 'string'))]
}

/** A filter takes at most 200 values. */
export function inChunks<T>(values: readonly T[], size = 200): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = []
  for (let at = 0; at < values.length; at += size) chunks.push(values.slice(at, at + size))
  return chunks
}
