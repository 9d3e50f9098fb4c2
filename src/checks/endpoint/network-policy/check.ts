import { cite } from '../../../evidence/cite.ts'
import { isGap } from '../../../evidence/gap.ts'
import { objectName } from '../../../evidence/kubernetes/kinds.ts'
import { podNamed } from '../../../evidence/kubernetes/pods.ts'
import { endpointsOf } from '../../../lb/endpoints.ts'
import { policiesOf, policyEnforcer } from '../../../lb/policy.ts'
import { counted, inWords } from '../../../net/words.ts'
import { translatorReads } from '../../about/reads.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said, unknown, warn } from '../../finding.ts'
import { judge } from './admission.ts'
import { fixOf } from './fix.ts'

export default defineCheck({
  id: 'endpoint/network-policy',
  after: 'endpoint/pod-network',
  title: 'No NetworkPolicy keeps the client from the pods',
  needs: ['kubernetes/networkpolicies', 'kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: [...translatorReads, 'kubernetes/nodes', 'kubernetes/configmaps'],
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
    const guarded = ready.filter(({ pod }) => policiesOf(evidence, pod).length > 0)
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
    const enforcer = policyEnforcer(evidence)
    const judged = guarded.map((one) => ({ ...one, ...judge(context, one.endpoint, one.pod, port.protocol) }))
    const policies = [...new Set(judged.flatMap(({ pod }) => policiesOf(evidence, pod)))]
    const names = inWords(policies.map((policy) => objectName(policy)))
    const proof = policies.slice(0, 4).map((policy) => cite(policy, 'spec', 'ingress'))
    const shut = judged.filter(({ admitted }) => admitted === false)
    if (shut.length === 0) {
      const unsure = judged.find(({ admitted }) => admitted === null)
      return [
        unsure === undefined
          ? pass(
              'let-in',
              subject,
              said(
                'network policies let the client in',
                `${names} ${policies.length === 1 ? 'lets' : 'let'} ${judged[0]?.who ?? 'the client'} in at the pods behind Service ${objectName(service)}.`,
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
      'A NetworkPolicy selects the pods behind the VIP and none of its rules lets the packet’s source in. With externalTrafficPolicy Cluster the source is the node that received the packet, since kube-proxy masquerades; with Local it is the client. Rules that choose pods or namespaces by label never mean either. Traffic from a pod’s own node is always let in. Cilium goes by what a source is: an ipBlock means none of its nodes unless policy-cidr-match-mode says nodes, and with its replacement of kube-proxy a pod of the receiving node itself sees the client. Policies do something only where the network plugin enforces them: a plain bridge does not.',
    byHand:
      'kubectl get networkpolicies -A; kubectl describe networkpolicy NAME. From the receiving node: curl POD-IP:PORT times out, from the pod’s own node it works.',
    mend: 'Add a policy of its own that selects the pods and admits an ipBlock at their port: the nodes’ addresses for Cluster, the clients’ for Local (of Cilium a CiliumNetworkPolicy from the entities remote-node and world for Cluster). Policies add up, so none that is there has to be widened.',
    sources: [
      'Kubernetes documentation, "Network Policies"',
      'k8s.io/api networking/v1 (NetworkPolicyIngressRule)',
      'Cilium documentation, "Layer 3 Policies: IP/CIDR based" (policy-cidr-match-mode)',
      'cilium/cilium issues 23603, 25650, 34235',
    ],
  },
})
