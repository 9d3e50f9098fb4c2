import type { Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap } from '../evidence/gap.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import { isGiven, type Question } from '../evidence/question.ts'
import type { Address } from '../net/address.ts'
import type { Line } from '../net/remedy.ts'
import { noWords, type Announcer, type Announcing, type Candidate, type Serving } from './announcer.ts'
import { byMarks } from './by-marks.ts'
import { nodesHolding, processOn, type HoldingNode } from './host-process.ts'
import { boundAnywhere } from './kube-vip/bound.ts'
import { podsServing } from './kube-vip/pods.ts'

/** A program of hosts that puts an address on an interface of one of them, by a configuration that names the address. */
export interface HostHolder<Name extends string = string> {
  /** As it stands inside a sentence. */
  readonly name: Name
  /** The unit that starts it. */
  readonly unit: string
  readonly programs: readonly string[]
  /** What the configuration on a node says of an address; null where it does not name it, or was not read. */
  readonly configuredOn: (evidence: Evidence, node: string, vip: Address) => Configured | null
  readonly words: HolderWords
}

interface Configured {
  readonly proof: Proof
  /** The hosts among which the same configuration chooses, where it names them. */
  readonly members: readonly string[]
}

/** What is said of a holder where a check of any of them speaks. */
interface HolderWords {
  /** When it announces an address, as a sentence. */
  readonly habit: string
  /** Which host takes the address when it is started, as a sentence. */
  readonly takes: (vip: string) => string
  /** It runs, and no host has the address: that in a phrase of its own, what follows a colon, and what becomes of it. */
  readonly idle: { readonly brief: string; readonly why: string; readonly advice: string }
  /** Several hosts have the address: how that comes, as a sentence, and what mends it. */
  readonly twice: { readonly why: string; readonly advice: string; readonly look: (node: string) => readonly Line[] }
  /** What shows what it does on a node. */
  readonly journal: (node: string) => Line
  /** Where its configuration names an address, and how it is made to let go of it. */
  readonly release: { readonly look: (node: string, vip: string) => Line; readonly advice: (node: string) => string }
}

/** A host whose configuration gives the question's VIP to a holder; `runs`: there or on another of the same, null where that is not known. */
export interface ConfiguredNode extends Configured {
  readonly node: string
  readonly runs: boolean | null
}

/** The nodes that run the holder and have the question's VIP on an interface. */
export const nodesOfHolder = (holder: HostHolder, evidence: Evidence, question: Question): readonly HoldingNode[] =>
  nodesHolding(evidence, question, holder.programs)

/** The nodes on which a holder is configured with the VIP, in the order of their names. */
export const configuredNodes = (
  { programs, configuredOn }: HostHolder,
  evidence: Evidence,
  { vip }: Question,
): readonly ConfiguredNode[] =>
  evidence.nodeNames.flatMap((node) => {
    const configured = vip === null ? null : configuredOn(evidence, node, vip)
    if (configured === null) return []
    const hosts = [node, ...configured.members]
    const unread = hosts.some((host) => isGap(evidence.node(host).processes))
    const runs = hosts.some((host) => processOn(evidence, host, programs) !== null) || (unread ? null : false)
    return [{ ...configured, node, runs }]
  })

/** The holder as an announcer: by its configuration, or by its process beside the address. A VIP that a controller gave is not its own. */
export const announcerOf = <const Name extends string>(holder: HostHolder<Name>): Announcer<Name> => ({
  ...byMarks(holder.name, {}),
  serves: (evidence, question) => serves(holder, evidence, question),
  announces: (evidence, question) => announces(holder, evidence, question),
  mayAnnounce: (evidence) => processesOf(holder, evidence),
  judged: true,
  words: { ...noWords, silence: { reason: `${holder.unit}-habit`, says: holder.words.habit } },
})

const processesOf = ({ name, programs }: HostHolder, evidence: Evidence): readonly Candidate[] =>
  evidence.nodeNames.flatMap((node) => {
    const proof = processOn(evidence, node, programs)
    return proof === null ? [] : [{ name: `${name} on ${node}`, proof }]
  })

function serves(holder: HostHolder, evidence: Evidence, question: Question): Serving | null {
  if (question.vip === null || isGiven(question) || podsServing(evidence, question).length > 0) return null
  const [told] = configuredNodes(holder, evidence, question)
  if (told !== undefined)
    return { by: 'mark', why: `its configuration on ${told.node} has the address`, proof: [told.proof] }
  const [held] = nodesOfHolder(holder, evidence, question)
  return held === undefined
    ? null
    : { by: 'mark', why: `${held.node} runs it and has the address on ${held.interface}`, proof: held.proof }
}

function announces(holder: HostHolder, evidence: Evidence, question: Question): Announcing {
  const told = configuredNodes(holder, evidence, question).flatMap(({ node, members }) => [node, ...members])
  const holding = nodesOfHolder(holder, evidence, question).map(({ node }) => node)
  const eligible = [...new Set([...told, ...holding])]
  const bound = question.vip === null ? [] : boundAnywhere(evidence, question.vip).map(({ node }) => node)
  const [unread] = eligible.filter((node) => isGap(evidence.node(node).ipAddr))
  const observed =
    bound.length === 0 && unread !== undefined
      ? gap(nodeFile(unread, 'ipAddr'), `whether ${unread} has the address is not known`)
      : [...new Set(bound)]
  return { observed, predicted: null, byBgp: [], eligible, told: null }
}
