import { isGap } from '../../evidence/gap.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown } from '../finding.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { listedPlaces, placeOf, translatorOf } from '../../journey/translator.ts'

export default defineCheck({
  id: 'translation/hostport-hijack',
  after: 'translation/no-endpoints-reject',
  title: 'No other rule translates the VIP before kube-proxy does',
  needs: ['node/ip-route', 'kubernetes/endpointslices'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const listed = listedPlaces(evidence, question)
    if (isGap(listed))
      return [
        unknown(
          'endpoints-not-read',
          `node/${node}`,
          said('endpoints not read', `It is not known which endpoints ${node} should know.`),
          [listed],
        ),
      ]
    const share = shareLost(context, ({ first }) => {
      const by = translatorOf(first)
      return by !== null && !by.kubeProxy && !listed.has(placeOf(first))
        ? { death: null, node: null, outcome: first, step: by.step }
        : null
    })
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: 'taken-before',
      brief: 'another rule takes it before kube-proxy',
      says: ({ outcome, step }) =>
        `On ${node} chain ${step.chain} of table ${step.table} takes the packet before kube-proxy does and sends it to ${placeOf(outcome)}, which is no endpoint of the Service.`,
      fix: ({ step }) => ({
        look: [
          sh`ssh ${node} sudo iptables-save -t nat | grep -e PREROUTING -e ${step.chain}`,
          sh`kubectl get pods -A -o json | jq -r '.items[] | select(.spec.containers[].ports[]?.hostPort == ${question.port.port}) | .metadata.namespace + "/" + .metadata.name'`,
        ],
        advice:
          'Give the pod that asks for this port of the host another hostPort (or none), or remove the rule where it was made.',
      }),
    })
    return [
      wrong ??
        pass(
          'own-rules-only',
          `node/${node}`,
          said(
            'only kube-proxy’s rules translate the VIP',
            `On ${node} nothing translates the VIP but kube-proxy’s own rules.`,
          ),
          [],
        ),
    ]
  },
  docs: {
    means:
      'A hostPort of a pod (chain CNI-HOSTPORT-DNAT, native table cni_hostport), Docker or a rule of somebody’s own translates the packet to a place that is no endpoint of the Service. A hostPort catches a VIP only where the VIP is an address of the node: in IPVS mode, or put on an interface by hand.',
    byHand:
      'iptables-save -t nat: which jump stands first in PREROUTING, and does a DNAT behind it match the VIP or “addrtype --dst-type LOCAL” with this port? nft list ruleset | grep -A5 hostports.',
    mend: 'Take the hostPort away, or the VIP off the node’s interface; portmap 0.7.5 and later puts its rule behind kube-proxy’s.',
    sources: [
      'containernetworking/plugins v1.9.1 plugins/meta/portmap (CNI-HOSTPORT-DNAT)',
      'kubernetes/kubernetes issues 72522 and 66103',
    ],
  },
})
