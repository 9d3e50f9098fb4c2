import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { objectName, type Pod, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { nodesByName } from '../../../evidence/kubernetes/nodes-by-name.ts'
import { whyNotReady } from '../../../lb/metallb/not-ready.ts'
import { sh } from '../../../net/shell.ts'
import { inWords } from '../../../net/words.ts'
import type { Remedy } from '../../finding.ts'

interface Why {
  /** Completes "none of its endpoints is ready; ". */
  readonly says: string
  readonly proof: readonly Proof[]
  readonly remedy: Remedy
}

/** A Deployment that makes the pods that a Service selects, and is to make none; null where none is known. */
export function scaledToNone({ kubernetes: { deployments } }: Evidence, service: Service): Why | null {
  const { namespace } = service.metadata ?? {}
  const selector = Object.entries(service.spec?.selector ?? {})
  const found = (known(deployments) ?? []).find(({ metadata, spec }) => {
    const labels = spec?.template?.metadata?.labels ?? {}
    return (
      metadata?.namespace === namespace &&
      spec?.replicas === 0 &&
      selector.every(([key, value]) => labels[key] === value)
    )
  })
  if (found === undefined) return null
  const { name } = found.metadata ?? {}
  return {
    says: `Deployment ${name ?? ''}, which makes them, has 0 replicas`,
    proof: [cite(found, 'spec', 'replicas')],
    remedy: {
      summary: `run a pod of Deployment ${name ?? ''}`,
      commands: [sh`kubectl -n ${namespace} scale deployment ${name} --replicas=1`],
      changes: 'One pod is enough for the VIP; ask for as many as there were before.',
    },
  }
}

/** What the statuses of a Service's pods, or of their nodes, say about why none is ready; null where they say nothing. */
export function whyNoneReady(evidence: Evidence, pods: readonly Pod[]): Why | null {
  const [pod] = pods
  if (pod === undefined) return null
  const silent = [...new Set(pods.map(({ spec }) => spec?.nodeName ?? ''))]
    .sort()
    .map((node) => silence(evidence, node))
  const nodes = silent.flatMap((one) => (one === null ? [] : [one.node]))
  if (nodes.length === silent.length)
    return {
      says: `the kubelet of ${inWords(nodes)} no longer reports`,
      proof: silent.flatMap((one) => (one === null ? [] : [one.proof])),
      remedy: {
        summary: `start kubelet on ${inWords(nodes, 3)}`,
        commands: nodes.map((node) => sh`ssh ${node} sudo systemctl restart kubelet`),
        changes:
          'Its pods go on meanwhile. If it does not stay up, or the node is gone, its journal or the cloud says why.',
      },
    }
  const why = whyNotReady(pod)
  return why === null
    ? null
    : {
        says: `pod ${objectName(pod)} ${why.says}`,
        proof: [why.proof],
        remedy: {
          look: [sh`kubectl -n ${pod.metadata?.namespace} describe pod ${pod.metadata?.name}`],
          advice: 'What keeps its pods from being ready stands in their events.',
        },
      }
}

/** A node of which nobody has heard for so long that the control plane calls its state unknown. */
function silence(evidence: Evidence, node: string): { readonly node: string; readonly proof: Proof } | null {
  const object = nodesByName(evidence).get(node)
  const ready = (object?.status?.conditions ?? []).findIndex(({ type }) => type === 'Ready')
  return object?.status?.conditions?.[ready]?.status === 'Unknown'
    ? { node, proof: cite(object, 'status', 'conditions', ready, 'status') }
    : null
}
