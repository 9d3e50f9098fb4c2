import { cite } from '../../evidence/cite.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { isServedBy } from '../../lb/announcers.ts'
import { ofItsClass } from '../../lb/metallb/announcer.ts'
import { metallbSettings } from '../../lb/metallb/install.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said } from '../finding.ts'
import { recreated } from '../about/service-request.ts'
import { stillPending } from '../about/pending.ts'

export default defineCheck({
  id: 'assignment/class-mismatch',
  after: 'assignment/two-allocators',
  title: 'MetalLB handles the class of the Service',
  needs: ['kubernetes/services', 'kubernetes/pods'],
  alsoReads: ['kubernetes/daemonsets', 'kubernetes/deployments'],
  about: ['service'],
  appliesTo: (context) => {
    const { evidence, question } = context
    const pending = stillPending(context)
    if (pending !== true) return pending
    return isServedBy('MetalLB', evidence, question) || 'MetalLB does not serve this Service.'
  },
  blocks: true,
  run: ({ evidence, question }) => {
    const { service } = question
    const subject = `service/${objectName(service)}`
    const { lbClass } = metallbSettings(evidence)
    const own = service.spec?.loadBalancerClass
    const proof = [cite(service, 'spec', 'loadBalancerClass')]
    const handled = lbClass === null ? 'only Services without a class' : `only the class ${lbClass}`
    if (ofItsClass(evidence, service))
      return [
        pass(
          'class-handled',
          subject,
          said(
            'MetalLB handles Services of its class',
            `MetalLB handles ${handled}, and Service ${objectName(service)} has ${own ?? 'none'}.`,
          ),
          proof,
        ),
      ]
    return [
      fail(
        'class-ignored',
        subject,
        said(
          own === undefined ? 'MetalLB ignores Services without a class' : 'MetalLB does not handle its class',
          `MetalLB ignores Service ${objectName(service)}, without a word: it handles ${handled}, and the Service has ${own === undefined ? 'none' : `the class ${own}`}.`,
        ),
        proof,
        {
          summary: `create the Service again ${lbClass === null ? 'without a class' : `with the class ${lbClass}`}`,
          commands: recreated(
            service,
            lbClass === null ? 'del(.spec.loadBalancerClass)' : `.spec.loadBalancerClass = ${JSON.stringify(lbClass)}`,
          ),
          changes:
            'The class of a Service cannot be changed, so this deletes the Service and creates it again: its ClusterIP and its NodePorts may change, and its connections end. Where another controller is meant to handle the class, install that one instead.',
        },
      ),
    ]
  },
  docs: {
    means:
      'A Service with spec.loadBalancerClass is handled only by a MetalLB that was started with --lb-class of the same name; one without a class only by a MetalLB without that flag. All others are skipped at log level debug, without an event: the Service stays <pending> for ever.',
    byHand:
      'kubectl get service NAME -o jsonpath={.spec.loadBalancerClass}; kubectl -n metallb-system get pods -o yaml | grep lb-class.',
    mend: 'Create the Service again with the class that MetalLB handles (the field is immutable), or start controller and speakers with --lb-class.',
    sources: [
      'MetalLB v0.16.1 internal/k8s/controllers/service_controller.go (filterByLoadBalancerClass)',
      'Kubernetes documentation, "Service: Specifying class of load balancer implementation"',
      'metallb/metallb issue 996',
    ],
  },
})
