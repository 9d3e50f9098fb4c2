import { serviceOf } from '../evidence/question.ts'
import { cite } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { objectName, type Pod, type Service } from '../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../evidence/memo.ts'
import { indexBy } from '../net/index-by.ts'
import { inWords } from '../net/words.ts'
import { noWords, type Announcer } from './announcer.ts'
import { byAddress } from './by-address.ts'

/** ServiceLB of k3s: a DaemonSet for each Service, whose pods take the ports of their nodes. */
export const serviceLb: Announcer<'k3s ServiceLB'> = {
  name: 'k3s ServiceLB',
  serves: (evidence, question) => {
    const [first] = podsFor(evidence, serviceOf(question))
    return first === undefined
      ? null
      : { by: 'mark', why: `it runs ${objectName(first)} for it`, proof: [cite(first, 'metadata', 'labels')] }
  },
  refuses: () => null,
  announces: (evidence, question) => {
    const pods = podsFor(evidence, serviceOf(question))
    const [first] = pods
    if (first === undefined) return byAddress(evidence, question)
    const running = pods.filter(({ status }) => status?.phase === 'Running')
    const nodes = [...new Set(running.flatMap(({ spec }) => spec?.nodeName ?? []))].sort()
    const says = nodes.length === 0 ? 'none of its pods runs' : `its pods run on ${inWords(nodes)}`
    return { ...byAddress(evidence, question), observed: nodes, told: { says, proof: cite(first, 'status', 'phase') } }
  },
  judged: false,
  words: {
    ...noWords,
    off: {
      says: ', or start k3s with --disable=servicelb',
      look: 'kubectl get nodes -o yaml | grep -F k3s.io/node-args',
    },
  },
}

const ofService = { name: 'svccontroller.k3s.cattle.io/svcname', namespace: 'svccontroller.k3s.cattle.io/svcnamespace' }

const podsFor = (evidence: Evidence, service: Service | null): readonly Pod[] =>
  service === null ? [] : (podsByService(evidence).get(objectName(service)) ?? [])

const podsByService = perEvidence((evidence: Evidence): ReadonlyMap<string, readonly Pod[]> =>
  indexBy(known(evidence.kubernetes.pods) ?? [], ({ metadata }) => {
    const { [ofService.name]: name, [ofService.namespace]: namespace = 'default' } = metadata?.labels ?? {}
    return name === undefined ? [] : [`${namespace}/${name}`]
  }),
)
