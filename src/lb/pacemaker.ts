import { isGiven } from '../evidence/question.ts'
import type { Announcer } from './announcer.ts'
import { byMarks } from './by-marks.ts'
import { nodesHolding } from './host-process.ts'

/** Pacemaker's daemon, and Corosync's, by which its nodes know each other. */
const programs = ['pacemakerd', 'pacemaker-execd', 'corosync']

/** Pacemaker on hosts, whose IPaddr2 puts an address on an interface of one node; its configuration is not read. */
export const pacemaker: Announcer<'Pacemaker'> = {
  ...byMarks('Pacemaker', {}),
  serves: (evidence, question) => {
    if (isGiven(question)) return null
    const [held] = nodesHolding(evidence, question, programs)
    return held === undefined
      ? null
      : { by: 'mark', why: `${held.node} runs it and has the address on ${held.interface}`, proof: held.proof }
  },
}
