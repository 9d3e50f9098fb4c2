import { citeList } from '../../../evidence/cite.ts'
import { gap, type Gap } from '../../../evidence/gap.ts'
import { kubernetesFile, objectName } from '../../../evidence/kubernetes/kinds.ts'
import { partOf } from '../../../evidence/part.ts'
import { boundAnywhere } from '../../../lb/kube-vip/bound.ts'
import { unreadAmong } from '../../../lb/kube-vip/nodes.ts'
import { setsServing } from '../../../lb/kube-vip/pods.ts'
import { controlPlaneLabel } from '../../../lb/control-plane.ts'
import { nodesInQuestion } from '../../../lb/host-nodes.ts'
import { whyNoPod, type NoPod } from '../../../lb/no-pod.ts'
import { jsonWord, sh } from '../../../net/shell.ts'
import { inWords } from '../../../net/words.ts'
import type { Context } from '../../check.ts'
import { fail, said, unknown, type Draft, type Remedy } from '../../finding.ts'

/** The DaemonSet that is to hold the control plane's VIP has no pod; a node that led before may still have the address. */
export function withoutPod({ evidence, question }: Context): readonly Draft[] {
  const [first] = setsServing(evidence, question)
  const { vip } = question
  if (first === undefined || vip === null) return []
  const { set } = first
  const name = objectName(set)
  const unlisted = partOf(evidence.kubernetes.pods) ?? lacking(name, set.status?.numberReady ?? 0)
  if (unlisted !== null)
    return [
      unknown(
        'pods-not-listed',
        `daemonset/${set.metadata?.name ?? ''}`,
        said(
          'its pods are not listed',
          `Whether DaemonSet ${name}, which is to hold ${vip.text}, has pods is not known.`,
        ),
        [unlisted],
      ),
    ]
  const why = whyNoPod(evidence, set)
  const bound = boundAnywhere(evidence, vip)
  const still = bound.length === 0 ? '' : ` ${inWords(bound.map(({ node }) => node))} still has the address.`
  return [
    fail(
      why === null ? 'no-pod' : `no-pod-${why.by}`,
      `daemonset/${set.metadata?.name ?? ''}`,
      said(
        'kube-vip has no pod',
        `DaemonSet ${name}, which is to hold ${vip.text} by kube-vip, has no pod${why === null ? '' : `, because ${why.says}`}.${still}`,
      ),
      [
        citeList(kubernetesFile('pods'), '/items', `no kube-vip with ${vip.text} among them`),
        ...(why === null ? [] : [why.proof]),
        ...bound.map(({ proof }) => proof),
      ],
      placing(set.metadata ?? {}, set.spec?.template?.spec?.nodeSelector ?? {}, why, controlPlaneLabel(evidence)),
      // On another node than those of the control plane the address would lead to no API server.
      { blocks: bound.length === 0 && unreadAmong(evidence, nodesInQuestion(evidence, question)).length === 0 },
    ),
  ]
}

/** That the listing of pods lacks what the DaemonSet counts. */
const lacking = (name: string, ready: number): Gap | null =>
  ready === 0
    ? null
    : gap(kubernetesFile('pods'), `lacks kube-vip’s: DaemonSet ${name} counts ${String(ready)} that are ready`)

interface Named {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

/** What brings its pods back: of a node selector that no node meets, the label of the control plane in its place. */
function placing(
  { namespace = 'kube-system', name = '' }: Named,
  selector: Readonly<Record<string, string>>,
  why: NoPod | null,
  label: string | null,
): Remedy {
  const describe = sh`kubectl -n ${namespace} describe daemonset ${name}`
  if (why?.by !== 'node-selector' || label === null)
    return { look: [describe], advice: 'Its events and its conditions say why it has no pod.' }
  const nodeSelector = { ...Object.fromEntries(Object.keys(selector).map((key) => [key, null])), [label]: '' }
  const patch = { spec: { template: { spec: { nodeSelector } } } }
  return {
    summary: 'let kube-vip run on the nodes of the control plane',
    commands: [sh`kubectl -n ${namespace} patch daemonset ${name} --type merge -p ${jsonWord(patch)}`],
    changes:
      'One of its pods takes the lead and the address within seconds. Or give the label to the nodes that should hold the VIP.',
  }
}
