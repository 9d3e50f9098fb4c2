import { cite, citeList } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { kubernetesFile } from '../../evidence/kubernetes/kinds.ts'
import { metallbPods } from '../../lb/metallb/install.ts'
import { whyNotReady } from '../../lb/metallb/not-ready.ts'
import { controllerRemedy } from '../about/metallb-controller.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said } from '../finding.ts'

export default defineCheck({
  id: 'control/controller',
  after: 'control/memberlist',
  title: 'MetalLB’s controller is ready',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/daemonsets', 'kubernetes/deployments'],
  about: ['service'],
  announcer: 'MetalLB',
  blocks: false,
  consequenceOf: ['forwarding/cni-ready', 'translation/kube-proxy-running'],
  run: ({ evidence, question }) => {
    const controllers = metallbPods(evidence, 'controller')
    if (isGap(controllers)) return []
    const fix = controllerRemedy(evidence, controllers)
    // A Service that waits for its address waits for the controller; one that has it needs none.
    const more = { blocks: question.vip === null }
    const [pod] = controllers
    if (pod === undefined) {
      return [
        fail(
          'no-controller',
          'deployment/controller',
          said('MetalLB has no controller pod', 'MetalLB has no controller pod, so no Service gets an address.'),
          [citeList(kubernetesFile('pods'), '/items', 'no MetalLB controller among them')],
          fix,
          more,
        ),
      ]
    }
    const why = whyNotReady(pod)
    if (why === null)
      return [
        pass(
          'ready',
          'deployment/controller',
          said('MetalLB’s controller is ready', `MetalLB's controller ${pod.metadata?.name ?? ''} is ready.`),
          [cite(pod, 'status', 'phase')],
        ),
      ]
    const name = `${pod.metadata?.name ?? ''} on ${pod.spec?.nodeName ?? 'no node'}`
    return [
      fail(
        'not-ready',
        'deployment/controller',
        said(
          'MetalLB’s controller is not ready',
          `MetalLB's controller ${name} ${why.says}: it gives no address and admits no change of pools.`,
        ),
        [why.proof],
        fix,
        more,
      ),
    ]
  },
  docs: {
    means:
      'The controller gives addresses to Services and serves the webhook that admits pools and advertisements. Addresses that were given stay; new ones are not given, and kubectl apply of a pool fails.',
    byHand:
      'kubectl -n metallb-system get pods -l component=controller: READY and RESTARTS; kubectl describe shows why.',
    mend: 'A pod that waits with ContainerCreating lacks a network (see forwarding/cni-ready); one that restarts cannot reach the API server through its ClusterIP (see translation/kube-proxy-running).',
    sources: ['MetalLB v0.16.1 config/manifests/metallb-native.yaml', 'MetalLB documentation, "Concepts: Allocation"'],
  },
})
