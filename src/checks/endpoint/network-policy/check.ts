import { cite } from '../../../evidence/cite.ts'
import { isGap } from '../../../evidence/gap.ts'
import { objectName } from '../../../evidence/kubernetes/kinds.ts'
import { podNamed } from '../../../evidence/kubernetes/pods.ts'
import { endpointsOf } from '../../../lb/endpoints.ts'
import type { OwnPolicy } from '../../../lb/own-policies.ts'
import { policiesOf, policyEnforcer } from '../../../lb/policy.ts'
import { sh } from '../../../net/shell.ts'
import { counted, inWords } from '../../../net/words.ts'
import { translatorReads } from '../../about/reads.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../../finding.ts'
import { judge } from './admission.ts'
import { fixOf } from './fix.ts'

/** Policies in the enforcer's own words, of which it is not known whether they let the packet in. */
function byOwn(own: readonly OwnPolicy[], who: string, service: string, enforcer: string, subject: string): Draft {
  const names = inWords(own.map(({ object }) => objectName(object)))
  const [one, several] = own.length === 1 ? ['policy', 'selects'] : ['policies', 'select']
  return unknown(
    'own-policy-not-judged',
    subject,
    said(
      `whether ${enforcer}’s own ${one} let it in`,
      `It is not known whether ${enforcer}’s own ${one} ${names}, which ${several} the pods behind Service ${service}, ${own.length === 1 ? 'lets' : 'let'} ${who} in.`,
    ),
    [],
    own.slice(0, 4).map(({ object }) => cite(object, 'spec')),
    {
      fix: {
        look: own.map(({ object: { metadata }, resource }) =>
          metadata?.namespace === undefined
            ? sh`kubectl get ${resource} ${metadata?.name} -o yaml`
            : sh`kubectl -n ${metadata.namespace} get ${resource} ${metadata.name} -o yaml`,
        ),
        advice:
          'Of these policies only rules are judged that let everybody, the world and the nodes, or whole ranges in.',
      },
    },
  )
}

export default defineCheck({
  id: 'endpoint/network-policy',
  after: 'endpoint/pod-network',
  title: 'No NetworkPolicy keeps the client from the pods',
  needs: ['kubernetes/networkpolicies', 'kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: [
    ...translatorReads,
    'kubernetes/nodes',
    'kubernetes/configmaps',
    'kubernetes/ciliumnetworkpolicies',
    'kubernetes/ciliumclusterwidenetworkpolicies',
    'kubernetes/caliconetworkpolicies',
    'kubernetes/calicoglobalnetworkpolicies',
  ],
  about: ['service'],
  appliesTo: ({ question }) => {
    return question.client.kind !== 'pod' || 'Policies between pods are not judged here.'
  },
  blocks: true,
  run: (context) => {
    const { evidence, question } = context
    const { service, port } = question
    const endpoints = endpointsOf(evidence, question)
    if (isGap(endpoints)) return []
    const subject = `service/${objectName(service)}`
    const ready = endpoints.flatMap((endpoint) => {
      const pod = podNamed(evidence, endpoint.pod)
      return endpoint.ready && pod !== undefined && pod.spec?.hostNetwork !== true ? [{ endpoint, pod }] : []
    })
    const judged = ready.map((one) => ({ ...one, ...judge(context, one.endpoint, one.pod, port.protocol) }))
    const guarded = judged.filter(({ pod, own }) => policiesOf(evidence, pod).length > 0 || own !== undefined)
    const enforcer = policyEnforcer(evidence)
    const unread = [...new Set(judged.flatMap((one) => one.unread ?? []))]
    if (unread.length > 0)
      return [
        unknown(
          'own-policies-not-read',
          subject,
          said(
            `${enforcer ?? ''}’s own policies were not read`,
            `It is not known whether policies of ${enforcer ?? ''} let the packet in at the pods behind Service ${objectName(service)}.`,
          ),
          unread,
        ),
      ]
    if (guarded.length === 0)
      return [
        pass(
          'no-policy',
          subject,
          said(
            'no NetworkPolicy selects the pods',
            `No NetworkPolicy selects the pods behind Service ${objectName(service)}.`,
          ),
          [],
        ),
      ]
    const plain = [...new Set(guarded.flatMap(({ pod }) => policiesOf(evidence, pod)))]
    const others = [...new Set(guarded.flatMap(({ own = [] }) => own.map(({ object }) => object)))]
    const policies = [...plain, ...others]
    const names = inWords(policies.map((policy) => objectName(policy)))
    const proof = [
      ...plain.map((policy) => cite(policy, 'spec', 'ingress')),
      ...others.map((policy) => cite(policy, 'spec')),
    ].slice(0, 4)
    const shut = guarded.filter(({ admitted }) => admitted === false)
    if (shut.length === 0) {
      const unsure = guarded.find(({ admitted }) => admitted === null)
      if (unsure?.own !== undefined)
        return [byOwn(unsure.own, unsure.who, objectName(service), enforcer ?? '', subject)]
      return [
        unsure === undefined
          ? pass(
              'let-in',
              subject,
              said(
                'network policies let the client in',
                `${names} ${policies.length === 1 ? 'lets' : 'let'} ${guarded[0]?.who ?? 'the client'} in at the pods behind Service ${objectName(service)}.`,
              ),
              proof,
            )
          : unknown(
              unsure.taken === undefined ? 'client-not-known' : 'node-or-world',
              subject,
              unsure.taken === undefined
                ? said(
                    'the client’s addresses are not known',
                    `It is not known whether ${names} ${policies.length === 1 ? 'lets' : 'let'} ${unsure.who} in: its addresses are not in the evidence.`,
                  )
                : said(
                    'Cilium may take the node for no address',
                    `It is not known whether ${names} ${policies.length === 1 ? 'lets' : 'let'} ${unsure.who} in: ${unsure.taken}.`,
                  ),
              [],
              proof,
              enforcer === null ? { blocks: false } : {},
            ),
      ]
    }
    const who = shut[0]?.who ?? 'the client'
    const all = shut.length === ready.length
    const says = `${names} ${policies.length === 1 ? 'selects' : 'select'} ${all ? (ready.length === 1 ? 'the pod' : 'all pods') : counted(shut.length, 'pod')} behind Service ${objectName(service)} and ${policies.length === 1 ? 'does' : 'do'} not let ${who} in`
    const fix = fixOf(context, shut)
    const brief = policies.length === 1 ? 'a NetworkPolicy does not let it in' : 'network policies do not let it in'
    return [
      enforcer === null
        ? warn(
            'not-enforced',
            subject,
            said(
              'a NetworkPolicy refuses it, nothing enforces it',
              `${says}; nothing in the evidence enforces policies, so it stops no packet as far as can be seen.`,
            ),
            proof,
            { fix, blocks: false },
          )
        : fail(
            'refused',
            subject,
            said(brief, `${says}; ${enforcer} enforces it.`),
            proof,
            fix,
            all ? {} : { partial: true },
          ),
    ]
  },
  docs: {
    means:
      'A NetworkPolicy selects the pods behind the VIP and none of its rules lets the packet’s source in. With externalTrafficPolicy Cluster the source is the node that received the packet, since kube-proxy masquerades; with Local it is the client. Rules that choose pods or namespaces by label never mean either. Traffic from a pod’s own node is always let in. Cilium goes by what a source is: an ipBlock means none of its nodes unless policy-cidr-match-mode says nodes, and with its replacement of kube-proxy a pod of the receiving node itself sees the client. Policies in the own words of Cilium (CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy) and Calico (NetworkPolicy and GlobalNetworkPolicy of crd.projectcalico.org) count as well: of Cilium’s a rule is judged that lets in everybody, entities or ranges; of what else they say, and of Calico’s where no node’s rules show them, it stays unknown. Policies do something only where the network plugin enforces them: a plain bridge does not.',
    byHand:
      'kubectl get networkpolicies -A; kubectl describe networkpolicy NAME. From the receiving node: curl POD-IP:PORT times out, from the pod’s own node it works.',
    mend: 'Add a policy of its own that selects the pods and admits an ipBlock at their port: the nodes’ addresses for Cluster, the clients’ for Local (of Cilium a CiliumNetworkPolicy from the entities remote-node and world for Cluster). Policies add up, so none that is there has to be widened.',
    sources: [
      'Kubernetes documentation, "Network Policies"',
      'k8s.io/api networking/v1 (NetworkPolicyIngressRule)',
      'Cilium documentation, "Layer 3 Policies: IP/CIDR based" (policy-cidr-match-mode)',
      'cilium/cilium issues 23603, 25650, 34235',
      'Cilium documentation, "Policy Enforcement Modes", "Layer 3 Policies: Entities Based", "Deny Policies"',
      'Calico documentation, "Network policy", "Global network policy"',
    ],
  },
})
