import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod } from '../../evidence/kubernetes/kinds.ts'
import { controllerDeployment, metallbSettings } from '../../lb/metallb/install.ts'
import { sh } from '../../net/shell.ts'
import type { Remedy } from '../finding.ts'

/** What to type where MetalLB's controller gives no address: its Deployment has no replicas, or makes no pod, or its pods say why. */
export function controllerRemedy(evidence: Evidence, controllers: readonly Pod[]): Remedy {
  const { namespace } = metallbSettings(evidence)
  const deployment = controllerDeployment(evidence)
  const name = deployment?.metadata?.name ?? 'controller'
  const [pod] = controllers
  if (deployment?.spec?.replicas === 0)
    return {
      summary: 'let its controller run again',
      commands: [sh`kubectl -n ${namespace} scale deployment ${name} --replicas=1`],
      changes: 'It then gives every pending Service an address.',
    }
  if (pod === undefined)
    return {
      look: [
        sh`kubectl -n ${namespace} describe deployment ${name}`,
        sh`kubectl -n ${namespace} get events --sort-by=.lastTimestamp`,
      ],
      advice: `Deployment ${name} makes its pod; where there is none, install MetalLB again.`,
    }
  const running = (pod.status?.containerStatuses ?? []).some(({ ready }) => ready === true)
  return {
    look: [
      sh`kubectl -n ${namespace} describe pod ${pod.metadata?.name}`,
      running
        ? sh`kubectl -n ${namespace} logs ${pod.metadata?.name} --tail=50`
        : sh`kubectl -n ${namespace} logs ${pod.metadata?.name} --previous --tail=20`,
    ],
  }
}
