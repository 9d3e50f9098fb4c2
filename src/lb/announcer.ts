import type { Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Gap, Known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import type { Remedy } from '../net/remedy.ts'

/**
 * A system that gives VIPs to Services or to the control plane and has nodes announce them. Adding one touches its own files and the list
 * in `announcers.ts`; a check says by name that it is about one of them alone.
 */
export interface Announcer<Name extends string = string> {
  /** As it stands inside a sentence. */
  readonly name: Name
  /** What shows that the question is its own; null where nothing does. */
  readonly serves: (evidence: Evidence, question: Question) => Serving | null
  /** Why it does nothing for the question, as a sentence; null where it should, or where nothing says why not. */
  readonly refuses: (evidence: Evidence, question: Question) => string | null
  /** Who announces a VIP that it serves. */
  readonly announces: (evidence: Evidence, question: Question) => Announcing
  /** Where it runs and announces Services when told so, by orders that stand in no evidence. */
  readonly mayAnnounce?: (evidence: Evidence) => readonly Candidate[]
  /** True where a program of its own answers ARP at a packet socket; where nothing is said, the kernel does, of addresses that a node has. */
  readonly atPacketSocket?: true
  /** Whether checks of its own judge it; of the others only their marks and what they wrote speak. */
  readonly judged: boolean
  readonly words: AnnouncerWords
}

/** `mark`: it left a mark on the Service, or the VIP is configured with it. `rest`: it takes every Service that nobody has marked. */
export interface Serving {
  readonly by: 'mark' | 'rest'
  /** A phrase that completes "…: ", with the places that show it. */
  readonly why: string
  readonly proof: readonly Proof[]
  /** True where it announces an address that another system gives, and writes no status. */
  readonly onlyAnnounces?: true
}

/**
 * Who announces a VIP. `observed` by the most trusted observation, empty where it is known that nobody does; `predicted` who would be
 * elected for ARP or NDP, null for nobody; `byBgp` who should announce by BGP, for which there is no election; `eligible` who may by
 * configuration, whether or not it is alive; `told` what the system itself wrote of it, null where it writes nothing that the checks of
 * its own do not judge.
 */
export interface Announcing {
  readonly observed: Known<readonly string[]>
  readonly predicted: Known<string | null>
  readonly byBgp: Known<readonly string[]>
  readonly eligible: Known<readonly string[]>
  readonly told: { readonly says: string; readonly proof: Proof; readonly unread?: readonly Gap[] } | null
}

/** A program that may announce, as a sentence names it. */
export interface Candidate {
  readonly name: string
  readonly proof: Proof
}

/** What is said of an announcer where checks of any of them speak. */
export interface AnnouncerWords {
  /** Why silence on the wire shows nothing; null for one that repeats its announcements. */
  readonly silence: { readonly reason: string; readonly says: string } | null
  /** What shows why it gave no address; null where nothing does. */
  readonly pools: Remedy | null
  /** What shows whether its sessions are up and its routes are told; null for one that has none. */
  readonly sessions: Remedy | null
  /** How to leave Services to another system, beside a class: a phrase that follows a comma, a look, and what switches it off. Null where there is only the class. */
  readonly off: { readonly says: string; readonly look: string; readonly mend: (evidence: Evidence) => Remedy } | null
}

/** What holds for most: nothing is known of its wire, its pools or its switch. */
export const noWords: AnnouncerWords = {
  silence: {
    reason: 'announcer-not-known',
    says: 'Neither MetalLB nor kube-vip serves the Service; how often its announcer announces is not known.',
  },
  pools: null,
  sessions: null,
  off: null,
}
