import { cite, citeList } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName } from '../../evidence/kubernetes/kinds.ts'
import { type Question, serviceOf, type WithVip } from '../../evidence/question.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { podsServing } from '../../lb/kube-vip/pods.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { findLease, holderOf, leaseNameFor, leaseText, secondsOverdue } from '../../lb/kube-vip/leases.ts'
import { nodeNamed, unreadAmong } from '../../lb/kube-vip/nodes.ts'
import { modeWords } from '../../lb/kube-vip/settings.ts'
import { parseAddress, sameAddress } from '../../net/address.ts'
import { sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import { defineCheck } from '../check.ts'
import { settingCommands } from '../about/kube-vip-edit.ts'
import { fail, pass, said, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/kube-vip-lease',
  after: 'announcement/l2-advertisement',
  title: 'A node holds the lease by which kube-vip announces the VIP',
  needs: ['kubernetes/pods', 'kubernetes/leases'],
  alsoReads: ['kubernetes/nodes', 'kubernetes/services', 'kubernetes/endpointslices', 'node/ip-addr'],
  announcer: 'kube-vip',
  appliesTo: (context) => {
    const [first] = podsServing(context.evidence, context.question)
    return (
      (first !== undefined && leaseNameFor(first.settings, context.question) !== null) ||
      'kube-vip elects no leader for this VIP: every one of its nodes announces it.'
    )
  },
  blocks: true,
  consequenceOf: ['control/kube-vip'],
  run: ({ evidence, question }) => {
    const { vip } = question
    const service = serviceOf(question)
    const pods = podsServing(evidence, question)
    const [first] = pods
    const name = first === undefined ? null : leaseNameFor(first.settings, question)
    if (first === undefined || name === null) return []
    const lease = findLease(evidence, name)
    if (isGap(lease)) return []
    const subject = `lease/${lease === null ? leaseText(name) : objectName(lease)}`
    const bound = boundAnywhere(evidence, vip)
    const nodes = pods.flatMap(({ node }) => node ?? [])
    // A leader that ended leaves the address on its interface, and the kernel there goes on answering ARP. On EC2 the network asks nobody.
    const blocks =
      bound.length === 0 &&
      unreadAmong(evidence, nodes).length === 0 &&
      (hangsOnAnnouncement(question) || service === null)
    const still = bound.length === 0 ? '' : ` ${inWords(bound.map(({ node }) => node))} still has the address.`
    const look = {
      look: [
        sh`kubectl get leases -A | grep ${name.name}`,
        sh`kubectl -n ${first.pod.metadata?.namespace ?? 'kube-system'} logs ${first.pod.metadata?.name} --tail=50`,
      ],
      advice:
        'kube-vip must reach the API server without the VIP (hostAliases or 127.0.0.1) and be allowed to write leases.',
    }
    if (lease === null)
      return [
        fail(
          'no-lease',
          subject,
          said(
            'kube-vip has no leader',
            `There is no lease ${leaseText(name)}, so kube-vip has no leader, and nobody announces ${vip.text}.${still}`,
          ),
          [citeList(kubernetesFile('leases'), '/items', `none is named ${name.name}`)],
          look,
          {
            blocks,
            ...(first.settings.servicesElection && service?.spec?.externalTrafficPolicy === 'Local'
              ? { consequenceOf: ['endpoint/ready'] }
              : {}),
          },
        ),
      ]
    const holder = holderOf(evidence, lease)
    if (holder === null)
      return [
        fail(
          'lease-not-held',
          subject,
          said(
            'nobody holds the lease of kube-vip',
            `Nobody holds the lease ${objectName(lease)}, so kube-vip announces ${vip.text} from no node.${still}`,
          ),
          [cite(lease, 'spec', 'holderIdentity')],
          look,
          { blocks },
        ),
      ]
    const held = cite(lease, 'spec', 'holderIdentity')
    const overdue = secondsOverdue(evidence, lease)
    if (overdue !== null && overdue > 0)
      return [
        fail(
          'lease-expired',
          subject,
          said(
            'the lease of kube-vip had run out',
            `The lease ${objectName(lease)} of ${holder} had run out ${String(overdue)} seconds before: ${holder} does not renew it, and no other node has taken it.${still}`,
          ),
          [cite(lease, 'spec', 'renewTime'), held],
          look,
          { blocks },
        ),
      ]
    if (known(evidence.kubernetes.nodes) !== null && nodeNamed(evidence, holder) === null)
      return [
        warn(
          'holder-not-a-node',
          subject,
          said(
            'its lease is held by no node of the cluster',
            `The lease ${objectName(lease)} is held by ${holder}, which is no node of the cluster.`,
          ),
          [held, citeList(kubernetesFile('nodes'), '/items', `none is named ${holder}`)],
          {
            fix: {
              look: ['kubectl get pods -A -o wide | grep kube-vip'],
              advice: 'Set vip_nodename from spec.nodeName, so that the lease names the node as Kubernetes does.',
            },
          },
        ),
      ]
    if (!nodes.includes(holder))
      return [
        warn(
          'holder-without-pod',
          subject,
          said(
            'no pod of kube-vip runs where its lease is held',
            `${holder} holds the lease ${objectName(lease)}, but no pod of kube-vip is there.`,
          ),
          [held],
          {
            fix: look,
          },
        ),
      ]
    const odd =
      strangers(evidence, question, objectName(lease), holder) ??
      withoutEndpoint(evidence, question, holder, name.name) ??
      severalSlices(evidence, question, holder, name.name)
    if (odd !== null) return [odd]
    return [
      pass(
        'held',
        subject,
        said(
          `kube-vip announces it from ${holder}`,
          `${holder} holds the lease ${objectName(lease)}, so kube-vip announces ${vip.text} from there${modeWords(first.settings)}.`,
        ),
        [held, cite(lease, 'spec', 'renewTime')],
      ),
    ]
  },
  docs: {
    means:
      'kube-vip announces a VIP from one node: the one that holds a lease. For the control plane it is plndr-cp-lock; for Services plndr-svcs-lock, or with svc_election one lease kubevip-NAME for each Service, in its namespace. Nobody holds it, or it ran out: then nobody sends gratuitous ARP or puts the address on an interface. A leader that was killed leaves the address where it was.',
    byHand:
      'kubectl get leases -A | grep -e plndr -e kubevip: HOLDER. kubectl get lease NAME -o yaml: is renewTime younger than leaseDurationSeconds?',
    mend: 'Let kube-vip reach the API server at an address that is not the VIP itself, and let it write leases (ClusterRole system:kube-vip-role). Set vip_nodename where the holder is no node’s name.',
    sources: ['kube-vip v1.2.3 pkg/lease/lease.go, pkg/election, pkg/services/leader.go', 'kube-vip issues 441, 1006'],
  },
})

/** Another Service with the same VIP whose lease another node holds: two nodes then take one address. */
function strangers(evidence: Evidence, question: WithVip, lease: string, holder: string): Draft | null {
  const [first] = podsServing(evidence, question)
  if (question.about !== 'service' || first?.settings.servicesElection !== true) return null
  const { vip, service } = question
  const sharing = (known(evidence.kubernetes.services) ?? []).filter(
    (one) => one !== service && one.status?.loadBalancer?.ingress?.some(({ ip }) => sameAddress(parseAddress(ip), vip)),
  )
  for (const other of sharing) {
    const name = leaseNameFor(first.settings, { ...question, service: other })
    const found = name === null ? null : known(findLease(evidence, name))
    const elsewhere = found === null ? null : holderOf(evidence, found)
    if (found === null || elsewhere === null || elsewhere === holder || secondsOverdue(evidence, found) !== 0) continue
    const { namespace = 'default', name: own } = other.metadata ?? {}
    return fail(
      'two-leaders',
      `lease/${lease}`,
      said(
        'two nodes take it, by two leases',
        `${holder} holds the lease ${lease} and ${elsewhere} the lease ${objectName(found)}, of Service ${objectName(other)} with the same VIP: both nodes take ${vip.text}.`,
      ),
      [cite(found, 'spec', 'holderIdentity'), cite(other, 'status', 'loadBalancer', 'ingress')],
      {
        summary: 'let both Services follow one lease',
        commands: [sh`kubectl -n ${namespace} annotate service ${own} ${`kube-vip.io/leaseName=${lease}`}`],
        changes: 'One node then takes the address for both.',
      },
      { blocks: false },
    )
  }
  return null
}

/** With Local the leader must have an endpoint of its own; one lease for all Services is given without regard to endpoints. */
function withoutEndpoint(evidence: Evidence, question: Question, holder: string, lease: string): Draft | null {
  const service = serviceOf(question)
  const [first] = podsServing(evidence, question)
  const ready = (known(endpointsOf(evidence, question)) ?? []).filter((endpoint) => endpoint.ready)
  if (
    service?.spec?.externalTrafficPolicy !== 'Local' ||
    ready.length === 0 ||
    ready.some(({ node }) => node === holder)
  )
    return null
  const chosen =
    first?.settings.servicesElection === true ? '' : '; one lease for all Services is given without regard to endpoints'
  return warn(
    'leader-without-endpoint',
    `lease/${lease}`,
    said(
      'its leader has no endpoint of its own',
      `${holder} leads and has no ready endpoint of Service ${objectName(service)}, whose externalTrafficPolicy is Local${chosen}.`,
    ),
    [
      cite(service, 'spec', 'externalTrafficPolicy'),
      ...ready.slice(0, 3).map(({ slice, index }) => cite(slice, 'endpoints', index, 'nodeName')),
    ],
    {
      fix: {
        summary: 'give each Service a lease of its own (svc_election)',
        commands: settingCommands(podsServing(evidence, question), { name: 'svc_election', value: 'true' }),
        changes:
          'In a manifest set the variable svc_election to "true". Only a node with an endpoint then takes the lease. All pods of kube-vip start again.',
      },
    },
  )
}

/** Of several slices of a family kube-vip keeps the one that it saw last, so it may miss the leader's own endpoint; which one is in no evidence. */
function severalSlices(evidence: Evidence, question: WithVip, holder: string, lease: string): Draft | null {
  const service = serviceOf(question)
  const [first] = podsServing(evidence, question)
  if (service?.spec?.externalTrafficPolicy !== 'Local' || first?.settings.servicesElection !== true) return null
  const slices = (known(evidence.kubernetes.endpointslices) ?? []).filter(
    ({ metadata, addressType }) =>
      metadata?.namespace === service.metadata?.namespace &&
      metadata?.labels?.['kubernetes.io/service-name'] === service.metadata?.name &&
      addressType === (question.vip.family === 6 ? 'IPv6' : 'IPv4'),
  )
  if (slices.length < 2) return null
  return warn(
    'one-family-slice',
    `lease/${lease}`,
    said(
      'with several EndpointSlices it may be given up',
      `Service ${objectName(service)} has ${counted(slices.length, 'EndpointSlice')} of one family and externalTrafficPolicy Local: kube-vip keeps only the slice that it saw last, so ${holder} may give the VIP up although it has an endpoint.`,
    ),
    slices.slice(0, 4).map((slice) => cite(slice, 'endpoints')),
    {
      fix: {
        look: [
          sh`kubectl -n ${service.metadata?.namespace ?? 'default'} get endpointslices -l ${`kubernetes.io/service-name=${service.metadata?.name ?? ''}`}`,
        ],
        advice: 'Up to 100 endpoints fit into one; with externalTrafficPolicy Cluster it does not matter.',
      },
    },
  )
}
