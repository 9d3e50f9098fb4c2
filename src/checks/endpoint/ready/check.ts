import { cite, citeList, type Proof } from '../../../evidence/cite.ts'
import { isGap, known } from '../../../evidence/gap.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { fileOfSlices } from '../../../evidence/kubernetes/endpoints.ts'
import { objectName, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { podNamed } from '../../../evidence/kubernetes/pods.ts'
import type { ServiceQuestion } from '../../../evidence/question.ts'
import { ingressBehind } from '../../../lb/behind.ts'
import { endpointsOf, podsOf, type Endpoint } from '../../../lb/endpoints.ts'
import { nearMiss } from './near-miss.ts'
import { scaledToNone, whyNoneReady } from './why.ts'
import { sh } from '../../../net/shell.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said, unknown } from '../../finding.ts'
import { parseCidr } from '../../../net/range.ts'
import { counted } from '../../../net/words.ts'

export default defineCheck({
  id: 'endpoint/ready',
  after: 'endpoint/vip-bound',
  title: 'The Service has a ready endpoint',
  needs: ['kubernetes/endpointslices'],
  alsoReads: ['kubernetes/pods', 'kubernetes/nodes', 'kubernetes/deployments'],
  about: ['service'],
  blocks: true,
  consequenceOf: [
    'forwarding/cni-ready',
    'forwarding/cni-config',
    'assignment/ip-families',
    'endpoint/host-to-pod',
    'endpoint/pod-not-listening',
  ],
  run: ({ evidence, question }) => {
    const { service } = question
    const name = objectName(service)
    const subject = `service/${name}`
    const endpoints = endpointsOf(evidence, question)
    if (isGap(endpoints))
      return [
        unknown(
          'endpoints-not-read',
          subject,
          said('endpoints not read', `It is not known whether Service ${name} has endpoints.`),
          [endpoints],
        ),
      ]
    const ready = endpoints.filter((endpoint) => endpoint.ready)
    const [first] = ready
    if (first !== undefined) {
      const of = ready.length === endpoints.length ? '' : ` of ${String(endpoints.length)}`
      return [
        pass(
          'ready',
          subject,
          said(
            `${String(ready.length)}${of} ready ${ready.length === 1 ? 'endpoint' : 'endpoints'}`,
            `Service ${name} has ${String(ready.length)}${of} ready ${ready.length === 1 ? 'endpoint' : 'endpoints'}${behind(evidence, service, ready)}.`,
          ),
          ready.slice(0, 5).map(({ slice, index }) => cite(slice, 'endpoints', index, 'addresses', 0)),
        ),
      ]
    }
    const pods = known(podsOf(evidence, service))
    const selector = Object.entries(service.spec?.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(',')
    const slices = endpoints.map(({ slice, index }) => cite(slice, 'endpoints', index, 'conditions'))
    const other = otherFamily(evidence, question)
    const why =
      other !== null || pods === null || selector === ''
        ? null
        : pods.length > 0
          ? whyNoneReady(evidence, pods)
          : (scaledToNone(evidence, service) ?? nearMiss(evidence, service))
    const [reason, sentence, brief] =
      other !== null
        ? ['other-family', other.why, 'its pods have no address of the VIP’s family']
        : endpoints.length > 0
          ? [
              'not-ready',
              `none of its ${counted(endpoints.length, 'endpoint')} is ready`,
              `none of ${counted(endpoints.length, 'endpoint')} is ready`,
            ]
          : pods === null
            ? ['slices-empty', 'its EndpointSlices are empty', 'no endpoint']
            : pods.length === 0
              ? selector === ''
                ? ['no-selector', 'it has no selector and no EndpointSlice with an address', 'no selector, no endpoint']
                : ['no-pod-selected', `no pod has the labels ${selector} that it selects`, 'it selects no pod']
              : [
                  'pods-without-address',
                  `its ${pods.length === 1 ? 'pod has' : `${String(pods.length)} pods have`} no address`,
                  'its pods have no address',
                ]
    const proof =
      other !== null
        ? other.proof
        : slices.length > 0
          ? slices
          : [
              citeList(fileOfSlices(evidence.kubernetes.endpointslices), '/items', `no endpoint of ${name}`),
              ...(selector === '' ? [] : [cite(service, 'spec', 'selector')]),
            ]
    const namespace = service.metadata?.namespace ?? 'default'
    const { look = [], ...mends } = why?.remedy ?? {
      advice: 'A ready pod with the labels that the Service selects becomes an endpoint by itself.',
    }
    return [
      fail(
        reason,
        subject,
        said(brief, `Service ${name} has no ready endpoint: ${sentence}${why === null ? '' : `; ${why.says}`}.`),
        [...proof, ...(why?.proof ?? [])],
        {
          look: [
            selector === ''
              ? sh`kubectl -n ${namespace} get endpointslices`
              : sh`kubectl -n ${namespace} get pods -l ${selector} -o wide`,
            sh`kubectl -n ${namespace} get pods --show-labels`,
            ...look,
          ],
          ...mends,
        },
      ),
    ]
  },
  docs: {
    means:
      'Nothing stands behind the VIP: the selector matches no pod, or none of the pods is ready, or they have no address of the VIP’s IP family. kube-proxy answers with a reject, so that clients see a refused connection, an unreachable host, or at first a time-out; MetalLB withdraws the VIP, so that nobody answers ARP for it.',
    byHand:
      'kubectl get endpointslices -l kubernetes.io/service-name=NAME: is there an address with ready true? kubectl get pods -l SELECTOR: are there pods, are they Ready?',
    mend: 'Correct the selector or the pods’ labels; make the pods ready (their readiness probe, their image, their network).',
    sources: [
      'Kubernetes documentation, "EndpointSlices: Conditions", "IPv4/IPv6 dual-stack"',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go ("has no endpoints")',
      'MetalLB v0.16.1 speaker/layer2_controller.go (no announcement without an endpoint)',
      'metallb/metallb issue 1640',
      'kube-vip v1.2.3 counts every address of the slices, so it announces a VIP without a ready endpoint',
    ],
  },
})

/** Endpoints of the other IP family only: pods that have no address of the VIP's. Null where there are none of any family, or some of the VIP's. */
function otherFamily(
  evidence: Evidence,
  question: ServiceQuestion,
): { readonly why: string; readonly proof: readonly Proof[] } | null {
  const { vip } = question
  if (vip === null || known(endpointsOf(evidence, question))?.length !== 0) return null
  const others = known(endpointsOf(evidence, { ...question, vip: null })) ?? []
  const [first] = others
  if (first === undefined) return null
  const [family, other] = vip.family === 6 ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6']
  const pod = podNamed(evidence, first.pod)
  const ranges = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ spec }) => spec?.podCIDRs ?? spec?.podCIDR ?? [])
  const single = ranges.length > 0 && ranges.every((text) => parseCidr(text)?.family !== vip.family)
  return {
    why: `its ${counted(others.length, 'endpoint')} ${others.length === 1 ? 'is' : 'are'} ${other}, and the VIP ${vip.text} is ${family}: its pods have no ${family} address${single ? `, and no node has an ${family} range for pods` : ''}`,
    proof: [cite(first.slice, 'addressType'), ...(pod === undefined ? [] : [cite(pod, 'status', 'podIPs')])],
  }
}

/** What a reader of the path should know of what stands behind the VIP: an ingress controller, and that clients stick to a pod. */
function behind(evidence: Evidence, service: Service, endpoints: readonly Endpoint[]): string {
  const ingress = ingressBehind(evidence, endpoints)
  const routes =
    ingress === null ? '' : `, pods of ${ingress}: the VIP ends there, and the controller routes by host and path`
  return service.spec?.sessionAffinity === 'ClientIP'
    ? `${routes}; each client keeps to one of them for ${String(service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)} s`
    : routes
}
