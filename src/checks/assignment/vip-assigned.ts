import { cite, citeList } from '../../evidence/cite.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName, type Service } from '../../evidence/kubernetes.ts'
import { metallbInstalled } from '../../lb/metallb.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, unknown, type Draft } from '../finding.ts'
import { counted } from '../../net/words.ts'

export default defineCheck({
  id: 'assignment/vip-assigned',
  title: 'The Service has a VIP',
  needs: ['kubernetes/services'],
  alsoReads: [
    'kubernetes/ipaddresspools',
    'kubernetes/pods',
    'kubernetes/events',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  appliesTo: ({ question }) =>
    question.service !== null || 'A control-plane VIP is configured in kube-vip, not assigned to a Service.',
  blocks: true,
  run: (context) => {
    const { service, vip } = context.question
    if (service === null) return []
    const subject = `service/${objectName(service)}`
    if (vip === null) return [whyPending(context, service, subject)]
    const at = service.status?.loadBalancer?.ingress?.findIndex(({ ip }) => ip === vip.text) ?? 0
    const pool =
      service.metadata?.annotations?.['metallb.io/ip-allocated-from-pool'] ??
      service.metadata?.annotations?.['metallb.universe.tf/ip-allocated-from-pool']
    const from = pool === undefined ? '' : `, from MetalLB's pool ${pool}`
    return [
      pass(subject, `Service ${objectName(service)} has the VIP ${vip.text}${from}.`, [
        cite(service, 'status', 'loadBalancer', 'ingress', Math.max(at, 0), 'ip'),
      ]),
    ]
  },
  docs: {
    means:
      'The Service is of type LoadBalancer, but nothing has given it an address: it stays <pending>. No packet can be sent to it.',
    byHand:
      'kubectl get service NAME: EXTERNAL-IP is <pending>. kubectl describe service NAME shows the events of the allocator; MetalLB writes none where it has no pool at all.',
    mend: 'Install an allocator (MetalLB), give it a pool (IPAddressPool), or widen the pool that is full.',
    sources: [
      'MetalLB v0.16.1 controller/service.go (convergeBalancer), internal/allocator/allocator.go',
      'Kubernetes documentation, "Service: Type LoadBalancer"',
    ],
  },
})

/** The reason in the allocator's own terms: nothing allocates, another class, no pool, or what its last event says. */
function whyPending({ evidence }: Context, service: Service, subject: string): Draft {
  const name = objectName(service)
  const pending = cite(service, 'status', 'loadBalancer')
  const hostname = service.status?.loadBalancer?.ingress?.find((ingress) => ingress.hostname !== undefined)?.hostname
  if (hostname !== undefined) {
    return unknown(
      subject,
      `Service ${name} is served by the load balancer ${hostname}, whose addresses stand in no evidence.`,
      [],
      [cite(service, 'status', 'loadBalancer', 'ingress')],
    )
  }
  const { loadBalancerClass } = service.spec ?? {}
  if (loadBalancerClass !== undefined) {
    return fail(
      subject,
      `Service ${name} is pending: its class is ${loadBalancerClass}, and nothing that handles this class gave it an address.`,
      [cite(service, 'spec', 'loadBalancerClass'), pending],
      {
        commands: [
          `kubectl get service -n ${service.metadata?.namespace ?? 'default'} ${service.metadata?.name ?? ''} -o yaml`,
        ],
        changes:
          'Shows the Service. loadBalancerClass cannot be changed: install what handles the class, or create the Service again without it.',
      },
    )
  }
  const installed = metallbInstalled(evidence)
  if (isGap(installed))
    return unknown(
      subject,
      `Service ${name} is pending, and it is not known whether MetalLB is installed.`,
      [installed],
      [pending],
    )
  if (!installed) {
    return fail(
      subject,
      `Service ${name} is pending because nothing allocates addresses: there is no MetalLB, no kube-vip for Services and no cloud controller.`,
      [citeList(kubernetesFile('pods'), '/items', 'no MetalLB controller among them'), pending],
      {
        commands: [
          'kubectl apply -f https://raw.githubusercontent.com/metallb/metallb/v0.16.1/config/manifests/metallb-native.yaml',
        ],
        changes:
          'Installs MetalLB in the namespace metallb-system; it needs an IPAddressPool and an L2Advertisement or BGPAdvertisement besides.',
      },
    )
  }
  const pools = evidence.kubernetes.ipaddresspools
  if (isGap(pools))
    return unknown(subject, `Service ${name} is pending, and MetalLB's pools are not known.`, gapsAmong(pools), [
      pending,
    ])
  if (pools.length === 0) {
    return fail(
      subject,
      `Service ${name} is pending because MetalLB has no IPAddressPool; its controller says nothing about that but in its debug log.`,
      [citeList(kubernetesFile('ipaddresspools'), '/items', 'empty'), pending],
      {
        commands: [
          'kubectl apply -f pool.yaml   # kind: IPAddressPool, namespace: metallb-system, spec.addresses: [FIRST-LAST]',
        ],
        changes:
          'Every pending Service gets an address from the pool. Choose addresses that nothing else has and that the network delivers to the nodes.',
      },
    )
  }
  const events = (known(evidence.kubernetes.events) ?? []).filter(
    ({ reason, involvedObject }) =>
      reason === 'AllocationFailed' &&
      involvedObject?.kind === 'Service' &&
      `${involvedObject.namespace ?? ''}/${involvedObject.name ?? ''}` === name,
  )
  const event = events.at(-1)
  if (event === undefined) {
    return fail(
      subject,
      `Service ${name} is pending although MetalLB has ${counted(pools.length, 'pool')}, and no event says why: its controller is not running or has not answered.`,
      [pending],
      {
        commands: [
          'kubectl -n metallb-system get deployment controller',
          'kubectl -n metallb-system logs deployment/controller --tail=50',
        ],
        changes: 'Shows whether the controller runs and what it says.',
      },
    )
  }
  const full = (event.message ?? '').includes('no available IPs')
  const says = full ? `its pools are exhausted` : `MetalLB refused it`
  return fail(
    subject,
    `Service ${name} is pending because ${says}: "${event.message ?? ''}".`,
    [cite(event, 'message'), pending, ...pools.slice(0, 3).map((pool) => cite(pool, 'spec', 'addresses'))],
    {
      commands: pools
        .slice(0, 1)
        .map(
          (pool) =>
            `kubectl -n ${pool.metadata?.namespace ?? 'metallb-system'} edit ipaddresspool ${pool.metadata?.name ?? ''}`,
        ),
      changes: full
        ? 'A wider range in spec.addresses gives pending Services an address; the new addresses must be free and delivered by the network.'
        : 'Opens the pool for editing; the event says what does not fit.',
    },
  )
}
