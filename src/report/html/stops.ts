import type { Status } from '../../checks/finding.ts'
import type { PathHop } from '../../checks/hop.ts'
import type { Diagnosis } from '../../diagnosis/diagnosis.ts'

/** A hop as the picture shows it. */
export interface Stop {
  readonly hop: PathHop
  readonly status: Status
  readonly brief: string
  /** Whether the packet gets here: `ends` is where it dies, or where nothing more is known; behind that it would have to be mended first. */
  readonly reach: 'reached' | 'ends' | 'beyond'
  readonly href: string
}

/** The eight hops of a diagnosis. `key` tells the places of one VIP in the page from those of the others. */
export function stopsOf(diagnosis: Diagnosis, key: string): readonly Stop[] {
  const { path, causes } = diagnosis
  const end = endOf(diagnosis)
  return path.map(({ hop, status, brief }, index) => {
    const reach = end === -1 || index < end ? 'reached' : index === end ? 'ends' : 'beyond'
    return {
      hop,
      // What a capture saw may leave a verdict open while no hop of the path is.
      status: reach === 'ends' && diagnosis.verdict === 'inconclusive' ? 'unknown' : status,
      brief: causes.find((cause) => cause.hop === hop)?.brief ?? brief,
      reach,
      href: hopAnchor(key, hop),
    }
  })
}

/** Where the packet's way ends: at the first cause, or at the first hop that leaves it open; what only a capture saw counts as delivery. */
function endOf({ path, causes, verdict }: Diagnosis): number {
  if (verdict === 'reachable') return -1
  const hops = path.map(({ hop }) => hop as string)
  const cause = causes.map(({ hop }) => hops.indexOf(hop)).find((index) => index !== -1)
  const open = path.findIndex(({ status }) => status === 'unknown')
  return cause ?? (open === -1 ? hops.indexOf('delivery') : open)
}

/** The anchor of a hop of one VIP on the page. */
export const hopAnchor = (key: string, hop: string): string => `${key}-${hop}`
