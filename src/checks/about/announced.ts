import { isGap, known } from '../../evidence/gap.ts'
import { servedByKubeVip } from '../../lb/kube-vip/announcers.ts'
import { bgpAdvertisementsFor, l2AdvertisementsFor } from '../../lb/metallb/advertisements.ts'
import { metallbInstalled } from '../../lb/metallb/install.ts'
import { servedByOther } from '../../lb/other-systems.ts'
import { startOf } from '../../net/words.ts'
import { ofItsClass } from './pending.ts'
import { fabricOf } from '../../fabric/index.ts'
import type { Context } from '../check.ts'
import type { Remedy } from '../finding.ts'
import { fail, warn, type Draft } from '../finding.ts'
import type { Proof } from '../../evidence/cite.ts'

/** For checks of MetalLB itself: true, or why they do not apply. */
export function underMetallb({ evidence, question }: Context): true | string {
  if (question.service === null) return 'A control-plane VIP is not MetalLB’s.'
  if (servedByKubeVip(evidence, question)) return 'kube-vip serves this Service.'
  const other = servedByOther(evidence, question.service)
  if (other !== null) return `${startOf(other.name)} serves this Service.`
  const installed = metallbInstalled(evidence)
  if (!isGap(installed) && !installed) return 'MetalLB is not installed.'
  return ofItsClass(evidence, question) || 'MetalLB does not handle the Service’s class.'
}

/** For checks of who announces by ARP or NDP: MetalLB, and an L2Advertisement that covers the VIP. */
export function announcedByArp(context: Context): true | string {
  const applies = underMetallb(context)
  if (applies !== true) return applies
  const found = l2AdvertisementsFor(context.evidence, context.question)
  return isGap(found) || found.length > 0 || 'No L2Advertisement covers the VIP.'
}

/** For checks of BGP: MetalLB, and a BGPAdvertisement that covers the VIP. */
export function announcedByBgp(context: Context): true | string {
  const applies = underMetallb(context)
  if (applies !== true) return applies
  const found = bgpAdvertisementsFor(context.evidence, context.question)
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
  says: string,
  proof: readonly Proof[],
  fix: Remedy,
): Draft {
  const { delivery, words } = fabricOf(question)
  return delivery === 'announcement'
    ? fail(reason, subject, says, proof, fix)
    : warn(reason, subject, `${says} ${words.announcing}`, proof, { fix, blocks: false })
}
