import { cite, citeList } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { kubernetesFile, type Pod } from '../../evidence/kubernetes/kinds.ts'
import { isReady, metallbPods, metallbSettings } from '../../lb/metallb/install.ts'
import { whyNotReady } from '../../lb/metallb/not-ready.ts'
import { forbiddingLevel, missingObject, powerless } from '../../lb/metallb/speakers.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import { counted } from '../../net/words.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { speakerSet } from '../../lb/metallb/speaker-set.ts'
import { whyNoPod, type NoPod } from '../../lb/no-pod.ts'
import { fail, pass, said, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'control/speaker',
  after: 'control/webhook-port',
  title: 'MetalLB’s speakers are ready',
  needs: ['kubernetes/pods'],
  alsoReads: [
    'kubernetes/nodes',
    'kubernetes/events',
    'kubernetes/namespaces',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  blocks: false,
  consequenceOf: ['translation/kube-proxy-running', 'forwarding/cni-ready'],
  run: ({ evidence, question, receiving }) => {
    const speakers = metallbPods(evidence, 'speaker')
    if (isGap(speakers)) return []
    // On a LAN the VIP lives by its announcement: without any speaker nobody answers ARP.
    const { wrong, weak } = unfit(evidence)
    // A packet that starts on a node is translated there, whoever announces.
    const blocks =
      receiving.by !== 'client' && hangsOnAnnouncement(question) && wrong.length + weak.length === speakers.length
    const { namespace } = metallbSettings(evidence)
    const fix = {
      look: [
        sh`kubectl -n ${namespace} get pods -l component=speaker -o wide`,
        sh`kubectl -n ${namespace} logs daemonset/speaker --previous --tail=20`,
      ],
    }
    if (speakers.length === 0) return [noSpeaker(evidence, blocks)]
    const all = [...wrong, ...weak]
    if (all.length === 0)
      return [
        pass(
          'ready',
          'daemonset/speaker',
          said('all speakers are ready', `All ${String(speakers.length)} MetalLB speakers are ready.`),
          speakers.slice(0, 1).map((pod) => cite(pod, 'status', 'phase')),
        ),
      ]
    const secret = wrong.flatMap((one) => one.secret ?? [])[0]
    const each = all
      .map(({ pod, why }) => `${pod.metadata?.name ?? ''} on ${pod.spec?.nodeName ?? 'no node'} ${why.says}`)
      .join('; ')
    return [
      fail(
        'not-ready',
        'daemonset/speaker',
        said(
          `${String(all.length)} of ${counted(speakers.length, 'speaker')} ${weak.length > 0 ? 'cannot announce' : all.length === 1 ? 'is not ready' : 'are not ready'}`,
          `${String(all.length)} of ${String(speakers.length)} MetalLB speakers ${weak.length === 0 ? 'are not ready' : 'cannot announce'}: ${each}.`,
        ),
        all.map(({ why }) => why.proof),
        secret === undefined
          ? wrong.length === 0
            ? privileged(namespace, weak[0]?.pod)
            : fix
          : restart(namespace, secret),
        { blocks },
      ),
    ]
  },
  docs: {
    means:
      'A speaker announces the VIPs of its node. One that is not ready or restarts again and again cannot reach the API server, lacks a privilege, its image, or the memberlist Secret that the controller makes. It works on the network of its node and needs the capability NET_RAW; a namespace that enforces another Pod Security level than privileged admits none. On a LAN without any ready speaker nobody answers ARP for a VIP; on EC2, where announcements deliver nothing, it stops no packet.',
    byHand:
      'kubectl -n metallb-system get pods -l component=speaker -o wide: READY and RESTARTS. A speaker that started before kube-proxy’s rules were lost stays Ready on its open connection, so Ready proves no access to the API.',
    mend: 'Label the namespace pod-security.kubernetes.io/enforce=privileged; start the controller before the speakers. Else read the logs of the previous container. Where they speak of a time-out to 10.x.0.1:443 or similar, mend kube-proxy on that node first.',
    sources: [
      'MetalLB v0.16.1 config/manifests/metallb-native.yaml (labels, probes)',
      'MetalLB documentation, "Installation" (pod security admission)',
      'Kubernetes documentation, "Pod Lifecycle: Container restart policy" and "Pod Security Standards"',
    ],
  },
})

/** The speakers that are not ready (`wrong`), and those that are and still cannot announce (`weak`): the same for every VIP. */
const unfit = perEvidence((evidence: Evidence) => {
  const speakers = known(metallbPods(evidence, 'speaker')) ?? []
  const wrong = speakers.flatMap((pod) => {
    const why = whyNotReady(pod)
    if (why === null) return []
    const missing = missingObject(evidence, pod)
    if (missing === null) return [{ pod, why, secret: null }]
    const { kind, name, proof } = missing
    const waits = { says: `waits for ${kind} ${name}, which is not there`, proof }
    return [{ pod, why: waits, secret: kind === 'Secret' ? name : null }]
  })
  const weak = speakers.filter(isReady).flatMap((pod) => {
    const why = powerless(pod)
    return why === null ? [] : [{ pod, why }]
  })
  return { wrong, weak }
})

function noSpeaker(evidence: Evidence, blocks: boolean): Draft {
  const { namespace } = metallbSettings(evidence)
  const set = speakerSet(evidence)
  const shut = forbiddingLevel(evidence)
  const why = set === null ? null : whyNoPod(evidence, set)
  const because =
    why !== null
      ? ` DaemonSet ${set?.metadata?.name ?? ''} has none, because ${why.says}.`
      : shut === null
        ? ''
        : ` Namespace ${shut.namespace} enforces the Pod Security level ${shut.level}, which admits none: a speaker needs the network of its node.`
  return fail(
    why === null ? 'no-speaker' : `no-speaker-${why.by}`,
    'daemonset/speaker',
    said('MetalLB has no speaker pod', `MetalLB has no speaker pod, so no node announces anything.${because}`),
    [
      citeList(kubernetesFile('pods'), '/items', 'no MetalLB speaker among them'),
      ...(why === null ? (shut === null ? [] : [shut.proof]) : [why.proof]),
    ],
    why?.by === 'pod-security' || (why === null && shut !== null)
      ? admit(namespace)
      : placing(namespace, set?.metadata?.name, why),
    { blocks },
  )
}

/** What to type where there is no pod to ask: its DaemonSet, the quota, or what keeps the scheduler from its nodes. */
function placing(namespace: string, set: string | undefined, why: NoPod | null): Remedy {
  const describe = sh`kubectl -n ${namespace} describe daemonset ${set ?? 'speaker'}`
  if (why === null)
    return {
      look: [describe],
      advice: 'The DaemonSet’s events say why it has no pod; where there is no DaemonSet, install MetalLB again.',
    }
  if (why.by === 'quota')
    return {
      look: [sh`kubectl -n ${namespace} describe resourcequota`, describe],
      advice: 'Raise the quota of the namespace, or take it away: a DaemonSet has one pod on each node.',
    }
  if (why.by === 'node-selector')
    return {
      summary: 'let speakers run on every Linux node',
      commands: [
        sh`kubectl -n ${namespace} patch daemonset ${set} --type merge -p ${jsonWord({ spec: { template: { spec: { nodeSelector: null } } } })}`,
      ],
      changes:
        'The DaemonSet then has a pod on every node. Or give the label to the nodes that should announce. A chart or operator that made the DaemonSet writes the selector again: change its values there.',
    }
  if (why.by === 'taints')
    return {
      summary: 'let speakers tolerate every taint',
      commands: [
        sh`kubectl -n ${namespace} patch daemonset ${set} --type merge -p ${jsonWord({ spec: { template: { spec: { tolerations: [{ operator: 'Exists' }] } } } })}`,
      ],
      changes:
        'The DaemonSet then has a pod on tainted nodes, too. A chart or operator that made it writes its own again.',
    }
  return { look: [describe], advice: 'Change what the API server names (an admission webhook, a policy).' }
}

const admit = (namespace: string): Remedy => ({
  summary: `admit pods on the nodes’ network in ${namespace}`,
  commands: [
    sh`kubectl label namespace ${namespace} --overwrite ${['enforce', 'audit', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}=privileged`)}`,
  ],
  changes: `Every pod of ${namespace} may then use the network of its node. The DaemonSet makes its pods by itself within minutes.`,
})

const restart = (namespace: string, secret: string): Remedy => ({
  look: [sh`kubectl -n ${namespace} get secret ${secret}`],
  summary: 'let the controller make the Secret again',
  commands: [sh`kubectl -n ${namespace} rollout restart deployment controller`],
  changes:
    'The controller makes it when it starts, where METALLB_ML_SECRET_NAME names it; the speakers start by themselves once it is there.',
})

/** Gives the pods of the speaker's DaemonSet what they need to announce. */
function privileged(namespace: string, speaker: Pod | undefined): Remedy {
  const owner = speaker?.metadata?.ownerReferences?.find(({ kind }) => kind === 'DaemonSet')?.name
  const needs = {
    hostNetwork: true,
    containers: [{ name: 'speaker', securityContext: { capabilities: { add: ['NET_RAW'] } } }],
  }
  return {
    summary: 'give the speakers the nodes’ network and NET_RAW',
    commands: [
      sh`kubectl -n ${namespace} patch daemonset ${owner} -p ${jsonWord({ spec: { template: { spec: needs } } })}`,
    ],
    changes: 'The speakers start again one after the other; VIPs move meanwhile.',
  }
}
