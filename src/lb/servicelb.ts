import { serviceOf } from '../evidence/question.ts'
import { cite } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { objectName, type Pod, type Service } from '../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../evidence/memo.ts'
import { indexBy } from '../net/index-by.ts'
import type { Remedy } from '../net/remedy.ts'
import { onNode, sh, word } from '../net/shell.ts'
import { counted, inWords } from '../net/words.ts'
import { noWords, type Announcer } from './announcer.ts'
import { byAddress } from './by-address.ts'

const enableLabel = 'svccontroller.k3s.cattle.io/enablelb'

const ofService = { name: 'svccontroller.k3s.cattle.io/svcname', namespace: 'svccontroller.k3s.cattle.io/svcnamespace' }

/**
 * ServiceLB of k3s: a DaemonSet for each Service, whose pods take the ports of their nodes. The addresses of the nodes with a ready pod
 * become those of the Service (k3s v1.34 pkg/cloudprovider/servicelb.go).
 */
export const serviceLb: Announcer<'k3s ServiceLB'> = {
  name: 'k3s ServiceLB',
  serves: (evidence, question) => {
    const service = serviceOf(question)
    const [first] = podsFor(evidence, service)
    if (first !== undefined)
      return { by: 'mark', why: `it runs ${objectName(first)} for it`, proof: [cite(first, 'metadata', 'labels')] }
    const set = daemonSetFor(evidence, service)
    return set === null
      ? null
      : { by: 'mark', why: `it made DaemonSet ${objectName(set)} for it`, proof: [cite(set, 'metadata', 'labels')] }
  },
  refuses: (evidence, question) => {
    const service = serviceOf(question)
    if (service === null || question.vip !== null) return null
    const why = whyNoNode(evidence, service)
    return why === null ? null : `k3s ServiceLB has no address for Service ${objectName(service)}: ${why}.`
  },
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
    pools: {
      look: [
        sh`kubectl get pods -A -l ${ofService.name} -o wide`,
        sh`kubectl get nodes -L ${enableLabel}`,
        'kubectl get services -A --field-selector spec.type=LoadBalancer',
      ],
      advice: `ServiceLB takes each port of a Service on its nodes, so two Services cannot have the same port (Traefik has 80 and 443): choose another, or switch the other one off. As soon as one node has the label ${enableLabel}, only nodes where it is true take part.`,
    },
    off: {
      says: ', or start k3s with --disable=servicelb',
      look: 'kubectl get nodes -o yaml | grep -F k3s.io/node-args',
      mend: switchedOff,
    },
  },
}

/** ServiceLB off on every server (k3s documentation, "Configuration Options: Multiple Config Files", for the `+`). */
function switchedOff({ kubernetes: { nodes } }: Evidence): Remedy {
  const servers = (known(nodes) ?? []).flatMap(({ metadata }) =>
    Object.keys(metadata?.labels ?? {}).some((label) => serverLabels.has(label)) ? (metadata?.name ?? []) : [],
  )
  const write = `mkdir -p ${configs} && printf "disable+:\\n- servicelb\\n" > ${configs}/no-servicelb.yaml`
  return {
    look: ['kubectl get nodes -o yaml | grep -F k3s.io/node-args'],
    summary: 'start k3s with --disable=servicelb',
    commands: servers.flatMap((node) => [
      onNode(node, sh`sh -c ${word(write)}`),
      onNode(node, sh`systemctl restart k3s`),
    ]),
    changes:
      'ServiceLB takes its DaemonSets and its addresses away from all Services. To keep it for some, give the others a loadBalancerClass and start MetalLB with --lb-class: ServiceLB leaves every class alone.',
  }
}

const serverLabels: ReadonlySet<string> = new Set([
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
])
const configs = '/etc/rancher/k3s/config.yaml.d'

/** Why no node gives the Service its address; null where one should. */
function whyNoNode(evidence: Evidence, service: Service): string | null {
  const pods = podsFor(evidence, service)
  if (pods.length === 0)
    return (known(evidence.kubernetes.nodes) ?? []).some(
      ({ metadata }) => metadata?.labels?.[enableLabel] !== undefined,
    )
      ? `none of its pods has a node, and only nodes with the label ${enableLabel}=true may have one`
      : 'none of its pods has a node'
  const ready = pods.filter((pod) => pod.spec?.nodeName !== undefined && isReady(pod))
  if (ready.length === 0) return waitingFor(evidence, service, pods) ?? 'none of its pods is ready'
  if (service.spec?.externalTrafficPolicy !== 'Local') return null
  const nodes = inWords([...new Set(ready.flatMap(({ spec }) => spec?.nodeName ?? []))].sort())
  return `externalTrafficPolicy is Local, and no ready endpoint of the Service is on ${nodes}, where its pods run`
}

/** What the scheduler says of a pod that waits for a node: a host port that is taken, in its own words, and by whom. */
function waitingFor(evidence: Evidence, service: Service, pods: readonly Pod[]): string | null {
  const said = pods.flatMap(({ status }) =>
    (status?.conditions ?? []).flatMap((one) =>
      one.type === 'PodScheduled' && one.status === 'False' ? (one.message ?? []) : [],
    ),
  )
  const [first] = said
  if (first === undefined) return null
  const reason = first.replace(/\s*preemption:.*$/, '').replace(/\.$/, '')
  return `${counted(said.length, 'pod')} of it ${said.length === 1 ? 'waits' : 'wait'} for a node (${reason})${reason.includes('free ports') ? takenBy(evidence, service) : ''}`
}

/** Who has a port of the Service on nodes, as a clause: another Service of ServiceLB, or a pod with a hostPort of its own. */
function takenBy({ kubernetes: { pods } }: Evidence, service: Service): string {
  const own = objectName(service)
  const asked = (service.spec?.ports ?? []).flatMap(({ port }) => port ?? [])
  const taken = (known(pods) ?? []).flatMap((pod) => {
    const has = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports).map(({ hostPort }) => hostPort)
    const shared = pod.spec?.nodeName === undefined ? [] : asked.filter((port) => has.includes(port))
    const { [ofService.name]: name, [ofService.namespace]: namespace = 'default' } = pod.metadata?.labels ?? {}
    const who = name === undefined ? `pod ${objectName(pod)}` : `Service ${namespace}/${name}`
    return name !== undefined && `${namespace}/${name}` === own ? [] : shared.map((port) => ({ port, who }))
  })
  if (taken.length === 0) return ''
  const ports = [...new Set(taken.map(({ port }) => String(port)))]
  const who = [...new Set(taken.map((one) => one.who))].sort()
  return `; ${inWords(who)} ${who.length === 1 ? 'has' : 'have'} port ${inWords(ports)} there`
}

const isReady = ({ status }: Pod): boolean =>
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')

const podsFor = (evidence: Evidence, service: Service | null): readonly Pod[] =>
  service === null ? [] : (podsByService(evidence).get(objectName(service)) ?? [])

const daemonSetFor = ({ kubernetes: { daemonsets } }: Evidence, service: Service | null) =>
  (known(daemonsets) ?? []).find(
    ({ metadata }) =>
      service !== null &&
      metadata?.labels?.[ofService.name] === service.metadata?.name &&
      metadata?.labels?.[ofService.namespace] === service.metadata?.namespace,
  ) ?? null

const podsByService = perEvidence((evidence: Evidence): ReadonlyMap<string, readonly Pod[]> =>
  indexBy(known(evidence.kubernetes.pods) ?? [], ({ metadata }) => {
    const { [ofService.name]: name, [ofService.namespace]: namespace = 'default' } = metadata?.labels ?? {}
    return name === undefined ? [] : [`${namespace}/${name}`]
  }),
)
