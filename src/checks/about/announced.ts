import { isGap, known } from '../../evidence/gap.ts'
import { bgpAdvertisementsFor, l2AdvertisementsFor } from '../../lb/metallb/advertisements.ts'
import { fabricOf } from '../../fabric/index.ts'
import type { Context } from '../check.ts'
import type { Remedy } from '../finding.ts'
import { fail, said, warn, type Draft } from '../finding.ts'
import type { Proof } from '../../evidence/cite.ts'

/** For checks of who announces by ARP or NDP: whether an L2Advertisement of MetalLB covers the VIP. */
export function announcedByArp({ evidence, question }: Context): true | string {
  const found = l2AdvertisementsFor(evidence, question)
  return isGap(found) || found.length > 0 || 'No L2Advertisement covers the VIP.'
}

/** For checks of BGP: whether a BGPAdvertisement of MetalLB covers the VIP. */
export function announcedByBgp({ evidence, question }: Context): true | string {
  const found = bgpAdvertisementsFor(evidence, question)
  return isGap(found) || found.length > 0 || 'No BGPAdvertisement covers the VIP.'
}

/** Whether BGP is the only way in which the VIP is announced. */
export const onlyByBgp = ({ evidence, question }: Context): boolean =>
  known(l2AdvertisementsFor(evidence, question))?.length === 0

/** Nobody announces: the end of the packet where all hangs on that, as on a LAN; elsewhere a warning with what follows there. */
export function unannounced(
  { question }: Context,
  reason: string,
  subject: string,
  { brief, says }: { readonly brief: string; readonly says: string },
  proof: readonly Proof[],
  fix: Remedy,
): Draft {
  const { delivery, words } = fabricOf(question)
  return delivery === 'announcement'
    ? fail(reason, subject, said(brief, says), proof, fix)
    : warn(reason, subject, said(brief, `${says} ${words.announcing}`), proof, { fix, blocks: false })
}
