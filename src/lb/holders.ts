import type { HostHolder } from './host-holder.ts'
import { keepalivedHolder } from './keepalived.ts'
import { pacemakerHolder } from './pacemaker.ts'

/** Every program of hosts that holds addresses which no controller gives. */
export const hostHolders: readonly HostHolder[] = [keepalivedHolder, pacemakerHolder]

/** The holder of the name of an announcer; undefined where the announcer is none. */
export const holderNamed = (name: string | undefined): HostHolder | undefined =>
  hostHolders.find((holder) => holder.name === name)
