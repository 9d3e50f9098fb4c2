import { hasVip } from '../../evidence/question.ts'
import { cite, citeList, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes/kinds.ts'
import { kubeVipMark, metallbMark } from '../../lb/marks.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { kubeVipPods, refusalOf, servicePods } from '../../lb/kube-vip/pods.ts'
import { ofItsClass } from '../../lb/metallb/announcer.ts'
import { metallbInstalled, metallbSettings } from '../../lb/metallb/install.ts'
import { observedByMetallb } from '../../lb/metallb/observed.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { without } from '../../net/range-set.ts'
import { rangeOf } from '../../net/range.ts'
import { sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { poolWith } from '../about/pool-edit.ts'
import { seenIn } from '../about/captures.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'assignment/two-allocators',
  after: 'assignment/vip-assigned',
  title: 'Only one of MetalLB and kube-vip serves the Service',
  needs: ['kubernetes/pods', 'kubernetes/services'],
  alsoReads: [
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'kubernetes/events',
    'kubernetes/ipaddresspools',
    'kubernetes/servicel2statuses',
    'node/ip-addr',
  ],
  appliesTo: ({ evidence }) => {
    const installed = metallbInstalled(evidence)
    if (!isGap(installed) && !installed) return 'MetalLB is not installed.'
    const pods = kubeVipPods(evidence)
    return isGap(pods) || pods.length > 0 || 'kube-vip is not installed.'
  },
  blocks: false,
  run: (context) => {
    const { evidence, question } = context
    if (question.about !== 'service') return controlPlane(context)
    const subject = `service/${objectName(question.service)}`
    const serving = servicePods(evidence)
    const all = known(kubeVipPods(evidence)) ?? []
    if (serving.length === 0)
      return [
        pass(
          'control-plane-apart',
          subject,
          said(
            'MetalLB alone serves Services',
            `MetalLB serves Services and kube-vip the control plane only (${inWords(all.flatMap(({ node }) => node ?? []))}): they do not meet.`,
          ),
          all.slice(0, 2).map(({ pod }) => cite(pod, 'spec', 'containers', 0, 'env')),
        ),
      ]
    return [judged(context, question.service, subject)]
  },
  docs: {
    means:
      'MetalLB and kube-vip both serve the same Service. Each sees the status that the other writes as wrong and writes its own, so the status flaps; both announce the VIP, from two nodes with two hardware addresses. kube-vip since 0.7 even takes over an address that MetalLB gave, which looks healthy until a node fails. kube-vip for the control plane beside MetalLB for Services is the combination to run.',
    byHand:
      'kubectl get service NAME -o yaml: an annotation ip-allocated-from-pool beside kube-vip.io/vipHost, or status.loadBalancer.ingress[].ports, shows both. kubectl describe service NAME: IPAllocated and ClearAssignment by turns. On the nodes: ip address | grep VIP, which MetalLB never puts there.',
    mend: 'Let kube-vip serve the control plane only (svc_enable "false"), or give each a loadBalancerClass of its own (MetalLB --lb-class, kube-vip lb_class_name with lb_class_only), or annotate single Services with kube-vip.io/ignore: "true". Keep the control plane’s VIP out of MetalLB’s pools.',
    sources: [
      'kube-vip v1.2.3 pkg/instance/instance.go, pkg/services; MetalLB v0.16.1 controller/service.go',
      'MetalLB issues 2177, 2396, 2641; kube-vip issue 1061',
      'kube-vip-cloud-provider v0.0.12 pkg/provider',
    ],
  },
})

/** The control plane's VIP must lie in no pool: MetalLB knows nothing of it and would give it to a Service. */
function controlPlane({ evidence, question: { vip } }: Context): readonly Draft[] {
  if (vip === null) return []
  const subject = `vip/${vip.text}`
  const pool = known(poolOf(evidence, vip))
  if (pool !== null)
    return [
      warn(
        'pool-holds-control-plane-vip',
        subject,
        said(
          'a pool of MetalLB holds it and may give it away',
          `MetalLB's pool ${poolName(pool)} holds ${vip.text}, the control plane's VIP, and may give it to a Service.`,
        ),
        [cite(pool, 'spec', 'addresses')],
        {
          fix: poolWith(evidence, pool, without(rangesOf(pool), [rangeOf(vip)]), {
            summary: `take the VIP out of pool ${poolName(pool)}`,
            changes: 'Services that have other addresses of the pool keep them.',
          }),
        },
      ),
    ]
  return [
    pass(
      'control-plane-vip-in-no-pool',
      subject,
      said(
        'no pool of MetalLB has it',
        `kube-vip holds ${vip.text} for the control plane, and no pool of MetalLB has it.`,
      ),
      [],
    ),
  ]
}

/** What shows that both serve the Service. */
interface Signal {
  readonly says: string
  readonly proof: readonly Proof[]
}

function judged(context: Context, service: Service, subject: string): Draft {
  const { evidence } = context
  const name = objectName(service)
  const { namespace = 'default', name: own = '' } = service.metadata ?? {}
  const fix: Remedy = {
    summary: 'leave the Service to MetalLB',
    commands: [sh`kubectl -n ${namespace} annotate service ${own} kube-vip.io/ignore=true`],
    changes:
      'kube-vip handles it no longer. For all Services at once set svc_enable to "false" in kube-vip, or give each system a loadBalancerClass of its own.',
  }
  const signals = [
    bothMarks(service),
    labelledByProvider(service),
    portsInStatus(service),
    boundElsewhere(context, service),
    flapping(evidence, service),
    bothOnTheWire(context),
  ].flatMap((signal) => signal ?? [])
  if (signals.length > 0)
    return fail(
      'both-serve',
      subject,
      said(
        'MetalLB and kube-vip both serve it',
        `MetalLB and kube-vip both serve Service ${name}: ${signals.map(({ says }) => says).join('; ')}.`,
      ),
      signals.flatMap(({ proof }) => proof),
      fix,
    )
  const pods = servicePods(evidence)
  const refusals = pods.map(({ settings }) => refusalOf(settings, service))
  const refusal = refusals.includes(null) ? null : (refusals[0] ?? null)
  const proof = [cite(service, 'spec', 'loadBalancerClass')]
  if (refusal !== null)
    return pass(
      'kube-vip-leaves-it',
      subject,
      said('kube-vip leaves it to MetalLB', `kube-vip leaves Service ${name} alone: ${refusal.why}.`),
      [cite(service, ...refusal.at)],
    )
  if (!ofItsClass(evidence, service)) {
    const { lbClass } = metallbSettings(evidence)
    return pass(
      'metallb-leaves-it',
      subject,
      said(
        'MetalLB leaves it to kube-vip',
        `MetalLB leaves Service ${name} to kube-vip: it handles ${lbClass === null ? 'only Services without a class' : `only the class ${lbClass}`}.`,
      ),
      proof,
    )
  }
  return warn(
    'both-would-serve',
    subject,
    said(
      'MetalLB and kube-vip would both serve it',
      `MetalLB and kube-vip would both serve Service ${name}: neither is limited to a class that the Service does not have.`,
    ),
    [...proof, ...pods.slice(0, 1).map(({ pod }) => cite(pod, 'spec', 'containers', 0, 'env'))],
    { fix },
  )
}

function bothMarks(service: Service): Signal | null {
  const [one, other] = [metallbMark(service), kubeVipMark(service)]
  return one === null || other === null
    ? null
    : {
        says: `it has the annotations ${one} and ${other}`,
        proof: [one, other].map((key) => cite(service, 'metadata', 'annotations', key)),
      }
}

/** kube-vip-cloud-provider marks each Service to which it gave an address. */
const labelledByProvider = (service: Service): Signal | null =>
  metallbMark(service) === null || service.metadata?.labels?.implementation !== 'kube-vip'
    ? null
    : {
        says: 'kube-vip-cloud-provider labelled it implementation=kube-vip beside the address of MetalLB',
        proof: [cite(service, 'metadata', 'labels', 'implementation')],
      }

/** MetalLB writes an address alone; kube-vip writes the ports beside it. */
function portsInStatus(service: Service): Signal | null {
  const at = service.status?.loadBalancer?.ingress?.findIndex(({ ports = [] }) => ports.length > 0) ?? -1
  return metallbMark(service) === null || at === -1
    ? null
    : {
        says: "its status has kube-vip's ports beside MetalLB's address",
        proof: [cite(service, 'status', 'loadBalancer', 'ingress', at, 'ports')],
      }
}

/** MetalLB puts an address on no interface: who has it there is kube-vip. */
function boundElsewhere({ evidence, question: { vip } }: Context, service: Service): Signal | null {
  const announcing = known(observedByMetallb(evidence, service)) ?? []
  const bound = vip === null ? [] : boundAnywhere(evidence, vip)
  const others = bound.filter(({ node }) => !announcing.some((one) => one.node === node))
  return announcing.length === 0 || others.length === 0
    ? null
    : {
        says: `${inWords(others.map(({ node }) => node))} has it on an interface while MetalLB announces it from ${inWords(announcing.map(({ node }) => node))}`,
        proof: [...others.map(({ proof }) => proof), ...announcing.map(({ proof }) => proof)],
      }
}

/** MetalLB takes back what it finds in the status and gives it again. */
function flapping({ kubernetes: { events } }: Evidence, service: Service): Signal | null {
  const cleared = (known(events) ?? []).filter(
    ({ reason, involvedObject }) =>
      reason === 'ClearAssignment' &&
      `${involvedObject?.namespace ?? ''}/${involvedObject?.name ?? ''}` === objectName(service),
  )
  const count = cleared.reduce((sum, event) => sum + (event.series?.count ?? event.count ?? 1), 0)
  return count < 2
    ? null
    : {
        says: `MetalLB took its address back ${counted(count, 'time')}`,
        proof: cleared.map((event) => cite(event, 'message')),
      }
}

/** A capture with both rhythms: pairs that end after five seconds, and one frame every three seconds for ever. */
function bothOnTheWire({ evidence, question }: Context): Signal | null {
  if (!hasVip(question)) return null
  for (const { observation, capture } of seenIn({ evidence, question }).seen) {
    const of = (rhythm: 'metallb' | 'kube-vip') => observation.claimants.find((one) => one.rhythm === rhythm)
    const [one, other] = [of('metallb'), of('kube-vip')]
    if (one !== undefined && other !== undefined)
      return {
        says: `${one.mac} announces it as MetalLB does and ${other.mac} as kube-vip does`,
        proof: [citeList(capture.file, '', `${one.mac} and ${other.mac} claim the VIP`)],
      }
  }
  return null
}
