import type { ServiceQuestion } from '../../evidence/question.ts'
import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type KubernetesObject } from '../../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../../net/address.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, skipped, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'assignment/ip-families',
  after: 'assignment/one-system',
  title: 'The Service has a VIP of each of its IP families, and of no other',
  needs: ['kubernetes/services'],
  alsoReads: ['kubernetes/events'],
  about: ['service'],
  appliesTo: ({ question: { service } }) => {
    return (service.spec?.ipFamilies ?? []).length > 0 || 'The Service does not say of which IP families it is.'
  },
  blocks: true,
  run,
  docs: {
    means:
      'A Service is of the IP families in spec.ipFamilies, and kube-proxy translates for these alone: a VIP of another family is announced, and no node sends its packets on. A Service of two families (dual stack) should have a VIP of each; where the allocator has no pool of one of them, the clients of that family have no address to go to.',
    byHand:
      'kubectl get service NAME -o jsonpath="{.spec.ipFamilies} {.spec.clusterIPs} {.status.loadBalancer.ingress}"',
    mend: 'Give the pool a range of the missing family, and let the Service be allocated anew; or set ipFamilies and ipFamilyPolicy to what the cluster has.',
    sources: [
      'Kubernetes documentation, "IPv4/IPv6 dual-stack"',
      'MetalLB v0.16.1 controller/service.go (the event AdditionalAssignFailed)',
      'kubernetes v1.34.4 pkg/proxy/serviceport.go (newBaseServiceInfo), pkg/proxy/util/utils.go (GetClusterIPByFamily)',
    ],
  },
})

function run({ evidence, question: { service, vip } }: Context<ServiceQuestion>): readonly Draft[] {
  if (vip === null) return []
  const name = objectName(service)
  const subject = `service/${name}`
  const families = service.spec?.ipFamilies ?? []
  const family = vip.family === 6 ? 'IPv6' : 'IPv4'
  const ingress = service.status?.loadBalancer?.ingress ?? []
  const vips = ingress.flatMap(({ ip }) => parseAddress(ip) ?? [])
  const proof = [cite(service, 'spec', 'ipFamilies'), cite(service, 'status', 'loadBalancer', 'ingress')]
  const { namespace = 'default', name: short = '' } = service.metadata ?? {}
  if (!families.includes(family))
    return [
      fail(
        'vip-of-other-family',
        subject,
        said(
          'the VIP is of another family than the Service',
          `The VIP ${vip.text} is ${family}, and Service ${name} is of ${inWords(families)} only: kube-proxy translates no ${family} for it.`,
        ),
        proof,
        {
          summary: 'make the Service one of both families',
          commands: [
            sh`kubectl -n ${namespace} patch service ${short} -p ${jsonWord({ spec: { ipFamilyPolicy: 'PreferDualStack' } })}`,
          ],
          changes: `Makes the Service one of both families where the cluster has both; then it has a cluster IP of ${family}, and kube-proxy translates the VIP.`,
        },
      ),
    ]
  const missing = families.filter((one) => !vips.some((each) => (each.family === 6 ? 'IPv6' : 'IPv4') === one))
  if (families.length < 2)
    return [
      pass(
        'same-families',
        subject,
        said('of the family of its Service', `Service ${name} is of ${inWords(families)}, and so is its VIP.`),
        proof,
      ),
    ]
  if (missing.length === 0)
    return [
      pass(
        'vip-of-each-family',
        subject,
        said('a VIP of each family', `Service ${name} is of ${inWords(families)}, and has a VIP of each.`),
        proof,
      ),
    ]
  // A name instead of an address may stand for both.
  if (ingress.some(({ hostname }) => hostname !== undefined))
    return [skipped('host-name-besides', subject, `Service ${name} has a host name beside its VIP.`)]
  const event = secondRefused(evidence, name)
  return [
    warn(
      'family-without-vip',
      subject,
      said(
        `no VIP for ${inWords(missing)} clients`,
        `Service ${name} is of ${inWords(families)}, and has no VIP of ${inWords(missing)}: status.loadBalancer.ingress has ${inWords(vips.map(({ text }) => text))} only. Its ${inWords(missing)} clients have no address to go to.${event === null ? '' : ` MetalLB says "${event.message ?? ''}".`}`,
      ),
      event === null ? proof : [cite(event, 'message'), ...proof],
      {
        blocks: false,
        fix: {
          look: [sh`kubectl -n ${namespace} describe service ${short}`],
          advice: `Give the pool a range of ${inWords(missing)}: the allocator gives the address when the Service changes next.`,
        },
      },
    ),
  ]
}

/** MetalLB's event for a second family that no pool could give; kept for an hour. */
const secondRefused = (evidence: Evidence, service: string): KubernetesObject<'events'> | null =>
  (known(evidence.kubernetes.events) ?? []).find(
    ({ reason, involvedObject }) =>
      reason === 'AdditionalAssignFailed' &&
      involvedObject?.kind === 'Service' &&
      `${involvedObject.namespace ?? ''}/${involvedObject.name ?? ''}` === service,
  ) ?? null
