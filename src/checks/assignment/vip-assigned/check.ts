import { interfacesOfBalancer } from '../../../fabric/ec2/load-balancers.ts'
import { cite, citeList } from '../../../evidence/cite.ts'
import { isGap } from '../../../evidence/gap.ts'
import { kubernetesFile, objectName, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { kubeVipMark } from '../../../lb/marks.ts'
import { addressSource } from '../../../lb/kube-vip/pods.ts'
import { servedBy, type Served } from '../../../lb/announcers.ts'
import { parseAddress, sameAddress, type Address } from '../../../net/address.ts'
import { inWords, startOf } from '../../../net/words.ts'
import { isReady, metallbInstalled, metallbPods } from '../../../lb/metallb/install.ts'
import { defineCheck, type Context } from '../../check.ts'
import { fabricOf } from '../../../fabric/index.ts'
import { sh } from '../../../net/shell.ts'
import { controllerRemedy } from '../../about/metallb-controller.ts'
import { recreated } from '../../about/service-request.ts'
import { fail, pass, said, unknown, type Draft } from '../../finding.ts'
import { hasAnother } from './another-address.ts'
import { whyPendingAtKubeVip } from './pending-at-kube-vip.ts'

export default defineCheck({
  id: 'assignment/vip-assigned',
  title: 'The Service has a VIP',
  needs: ['kubernetes/services'],
  alsoReads: [
    'kubernetes/pods',
    'kubernetes/events',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'kubernetes/configmaps',
    'aws/network-interfaces',
  ],
  about: ['service'],
  appliesTo: ({ question: { service, vip } }) =>
    vip === null || isAssigned(service, vip) || 'The VIP stands in externalIPs, which nobody assigns.',
  blocks: true,
  consequenceOf: [
    'assignment/other-controller',
    'assignment/class-mismatch',
    'assignment/no-pool',
    'assignment/pool-exhausted',
    'assignment/request-refused',
    'control/controller',
  ],
  run: (context) => {
    const { service, vip } = context.question
    const subject = `service/${objectName(service)}`
    if (vip === null) return [whyPending(context, service, subject)]
    const at = service.status?.loadBalancer?.ingress?.findIndex(({ ip }) => sameAddress(parseAddress(ip), vip)) ?? 0
    const pool =
      service.metadata?.annotations?.['metallb.io/ip-allocated-from-pool'] ??
      service.metadata?.annotations?.['metallb.universe.tf/ip-allocated-from-pool']
    const from = pool === undefined ? kubeVipSource(service) : `, from MetalLB's pool ${pool}`
    return [
      pass(
        'assigned',
        subject,
        said(
          from === '' ? 'the Service has it' : from.slice(2),
          `Service ${objectName(service)} has the VIP ${vip.text}${from}.`,
        ),
        [cite(service, 'status', 'loadBalancer', 'ingress', Math.max(at, 0), 'ip')],
      ),
    ]
  },
  docs: {
    means:
      'The Service is of type LoadBalancer, but nothing has given it an address: it stays <pending>. No packet can be sent to it. A Service of another type, or one without a ClusterIP, never gets one.',
    byHand:
      'kubectl get service NAME: EXTERNAL-IP is <pending>. kubectl describe service NAME shows the events of the allocator; MetalLB writes none where it has no pool at all.',
    mend: 'Install an allocator (MetalLB, or kube-vip with kube-vip-cloud-provider), give it a pool (IPAddressPool, ConfigMap kube-system/kubevip), or widen the pool that is full. On EC2 an L2Advertisement delivers nothing: choose addresses of the nodes’ subnet and give each to the interface of a node, or put a Network Load Balancer before the NodePorts.',
    sources: [
      'kube-vip v1.2.3 pkg/instance/instance.go; kube-vip-cloud-provider v0.0.12 pkg/provider, pkg/ipam',
      'MetalLB v0.16.1 controller/service.go (convergeBalancer), internal/allocator/allocator.go',
      'Kubernetes documentation, "Service: Type LoadBalancer"',
    ],
  },
})

/** Whether the address is one that the Service was given. */
const isAssigned = ({ status }: Service, vip: Address): boolean =>
  (status?.loadBalancer?.ingress ?? []).some(({ ip }) => sameAddress(parseAddress(ip), vip))

/** Why a Service is pending, where no check of its own says it: nothing allocates, another allocator, no ClusterIP, or a silent controller. */
function whyPending(context: Context, service: Service, subject: string): Draft {
  const { evidence, question } = context
  const name = objectName(service)
  const pending = cite(service, 'status', 'loadBalancer')
  const hostname = service.status?.loadBalancer?.ingress?.find((ingress) => ingress.hostname !== undefined)?.hostname
  const balancer = hostname === undefined ? [] : interfacesOfBalancer(evidence, hostname)
  const addresses = balancer.flatMap(({ PrivateIpAddress, Association }) =>
    PrivateIpAddress === undefined
      ? []
      : Association?.PublicIp === undefined
        ? PrivateIpAddress
        : `${PrivateIpAddress} (${Association.PublicIp})`,
  )
  if (hostname !== undefined && addresses.length > 0)
    return unknown(
      'load-balancer-of-aws',
      subject,
      said(
        'served by a load balancer of AWS',
        `Service ${name} is served by the load balancer ${hostname} at ${inWords(addresses.toSorted())}; whether it hands packets to the nodes stands in no evidence.`,
      ),
      [],
      [
        cite(service, 'status', 'loadBalancer', 'ingress'),
        ...balancer.slice(0, 3).map((eni) => cite(eni, 'Description')),
      ],
      { fix: { look: [sh`kubectl -n ${service.metadata?.namespace} describe service ${service.metadata?.name}`] } },
    )
  if (hostname !== undefined) {
    return unknown(
      'host-name-only',
      subject,
      said(
        'served by a host name of unknown addresses',
        `Service ${name} is served by the load balancer ${hostname}, whose addresses stand in no evidence.`,
      ),
      [],
      [cite(service, 'status', 'loadBalancer', 'ingress')],
    )
  }
  const has = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
  if (has.length > 0) return hasAnother(context, service, has)
  const { loadBalancerClass, clusterIP } = service.spec ?? {}
  if (clusterIP === 'None') {
    return fail(
      'headless',
      subject,
      said(
        'the Service is headless',
        `Service ${name} is pending because it is headless: a Service without a ClusterIP gets no VIP.`,
      ),
      [cite(service, 'spec', 'clusterIP'), pending],
      {
        summary: 'create the Service again with a ClusterIP',
        commands: recreated(service, ''),
        changes:
          'clusterIP cannot be changed, so this deletes the Service and creates it again. Its name then resolves to the ClusterIP and no longer to the pods.',
      },
    )
  }
  const own = servedBy(evidence, question)
  if (own !== null && !own.announcer.judged) return pendingAtOther(context, own, name, subject)
  const atKubeVip = whyPendingAtKubeVip(context, service)
  if (atKubeVip !== null) return atKubeVip
  const installed = metallbInstalled(evidence)
  if (isGap(installed))
    return unknown(
      'metallb-not-known',
      subject,
      said(
        'whether MetalLB is there is not known',
        `Service ${name} is pending, and it is not known whether MetalLB is installed.`,
      ),
      [installed],
      [pending],
    )
  if (!installed && loadBalancerClass !== undefined) {
    return fail(
      'class-of-nobody',
      subject,
      said(
        'nobody handles its class',
        `Service ${name} is pending: its class is ${loadBalancerClass}, and nothing that handles this class gave it an address.`,
      ),
      [cite(service, 'spec', 'loadBalancerClass'), pending],
      {
        look: [
          sh`kubectl get pods -A`,
          sh`kubectl -n ${service.metadata?.namespace ?? 'default'} describe service ${service.metadata?.name}`,
        ],
        advice:
          'loadBalancerClass cannot be changed: install what handles the class, or create the Service again without it.',
      },
    )
  }
  if (!installed) {
    return fail(
      'nothing-allocates',
      subject,
      said(
        'nothing gives addresses in this cluster',
        `Service ${name} is pending because nothing allocates addresses: there is no MetalLB, no kube-vip for Services and no cloud controller.`,
      ),
      [citeList(kubernetesFile('pods'), '/items', 'no MetalLB controller among them'), pending],
      {
        summary: 'install MetalLB',
        commands: [
          'kubectl apply -f https://raw.githubusercontent.com/metallb/metallb/v0.16.1/config/manifests/metallb-native.yaml',
        ],
        changes: `${fabricOf(question).words.choosing} MetalLB needs an IPAddressPool of them, and an advertisement of it where one delivers.`,
      },
    )
  }
  const controllers = metallbPods(evidence, 'controller')
  const silent = !isGap(controllers) && !controllers.some(isReady)
  return fail(
    'not-allocated',
    subject,
    said(
      silent ? 'MetalLB’s controller is not ready' : 'MetalLB gave it no address',
      `Service ${name} is pending: it has no VIP${silent ? ', and no controller of MetalLB is ready to give it one' : ''}.`,
    ),
    [pending],
    controllerRemedy(evidence, isGap(controllers) ? [] : controllers),
  )
}

/** Where kube-vip took the address from; nothing for a Service that shows no mark of kube-vip. */
function kubeVipSource(service: Service): string {
  if (kubeVipMark(service) === null) return ''
  const source = addressSource(service)
  if (source === 'annotation') return ', from kube-vip.io/loadbalancerIPs'
  return source === 'spec' ? ', from spec.loadBalancerIP' : ', which kube-vip found in its status'
}

/** Of those that no check judges only what they say themselves is in the evidence. */
function pendingAtOther(
  { evidence, question }: Context,
  { announcer, why, proof }: Served,
  name: string,
  subject: string,
): Draft {
  const refusal = announcer.refuses(evidence, question)
  return refusal === null
    ? unknown(
        'other-gave-none',
        subject,
        said(
          `${announcer.name} gave it no address`,
          `${startOf(announcer.name)} serves Service ${name}, since ${why}; why it gave no address is not in the evidence.`,
        ),
        [],
        proof,
      )
    : fail(
        'other-has-none',
        subject,
        said(`${announcer.name} gives it no address`, refusal),
        proof,
        announcer.words.pools,
      )
}
