import { citeLine, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, known } from '../evidence/gap.ts'
import type { VrrpInstance } from '../evidence/node/keepalived-conf.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import { isGiven, type Question } from '../evidence/question.ts'
import { sameAddress } from '../net/address.ts'
import { noWords, type Announcer, type Announcing, type Serving } from './announcer.ts'
import { byMarks, running } from './by-marks.ts'
import { nodesHolding, processOn, type HoldingNode } from './host-process.ts'
import { boundAnywhere } from './kube-vip/bound.ts'
import { podsServing } from './kube-vip/pods.ts'

/** keepalived on hosts: by its configuration, or by its process beside the address. A VIP that a controller gave is not its own. */
export const keepalived: Announcer<'keepalived'> = {
  ...byMarks('keepalived', {}),
  serves,
  announces,
  mayAnnounce: (evidence) => [
    ...running('keepalived', /\bkeepalived\b/)(evidence),
    ...evidence.nodeNames.flatMap((node) => {
      const proof = processOn(evidence, node, programs)
      return proof === null ? [] : [{ name: `keepalived on ${node}`, proof }]
    }),
  ],
  judged: true,
  words: {
    ...noWords,
    silence: {
      reason: 'keepalived-habit',
      says: 'keepalived announces an address when its node becomes master; later silence is its habit.',
    },
  },
}

const programs = ['keepalived']

/** The nodes that run keepalived and have the question's VIP on an interface. */
export const keepalivedNodes = (evidence: Evidence, question: Question): readonly HoldingNode[] =>
  nodesHolding(evidence, question, programs)

/** A node whose configuration gives the question's VIP to an instance; `runs` is null where the node's processes were not read. */
export interface VrrpNode {
  readonly node: string
  readonly instance: VrrpInstance
  readonly proof: Proof
  readonly runs: boolean | null
}

/** The nodes on which keepalived is configured to hold the VIP, in the order of their names. */
export function vrrpNodes(evidence: Evidence, { vip }: Question): readonly VrrpNode[] {
  return evidence.nodeNames.flatMap((node) => {
    const conf = known(evidence.node(node).keepalivedConf)
    return (conf?.instances ?? []).flatMap((instance): readonly VrrpNode[] => {
      const own = instance.addresses.find(({ address }) => sameAddress(address, vip))
      if (own === undefined) return []
      const proof = citeLine(nodeFile(node, 'keepalivedConf'), own.line, conf?.text.split(/\r?\n/)[own.line - 1] ?? '')
      const runs = isGap(evidence.node(node).processes) ? null : processOn(evidence, node, programs) !== null
      return [{ node, instance, proof, runs }]
    })
  })
}

function serves(evidence: Evidence, question: Question): Serving | null {
  if (question.vip === null || isGiven(question) || podsServing(evidence, question).length > 0) return null
  const [told] = vrrpNodes(evidence, question)
  if (told !== undefined)
    return { by: 'mark', why: `its configuration on ${told.node} has the address`, proof: [told.proof] }
  const [held] = keepalivedNodes(evidence, question)
  return held === undefined
    ? null
    : { by: 'mark', why: `${held.node} runs it and has the address on ${held.interface}`, proof: held.proof }
}

function announces(evidence: Evidence, question: Question): Announcing {
  const told = vrrpNodes(evidence, question).map(({ node }) => node)
  const holding = keepalivedNodes(evidence, question).map(({ node }) => node)
  const eligible = [...new Set([...told, ...holding])]
  const bound = question.vip === null ? [] : boundAnywhere(evidence, question.vip).map(({ node }) => node)
  const [unread] = eligible.filter((node) => isGap(evidence.node(node).ipAddr))
  const observed =
    bound.length === 0 && unread !== undefined
      ? gap(nodeFile(unread, 'ipAddr'), `whether ${unread} has the address is not known`)
      : [...new Set(bound)]
  return { observed, predicted: null, byBgp: [], eligible, told: null }
}
