import { citeList } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { fileOfSlices } from '../../evidence/kubernetes/endpoints.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { podsAt } from '../../evidence/kubernetes/pods.ts'
import { autopsy } from '../../node/death.ts'
import { parseAddress } from '../../net/address.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { pass, said, unknown, warn } from '../finding.ts'
import { journalOf, proxyOn, restartOn } from '../about/kube-proxy.ts'
import { decidedBy, deadly, isDraft, proofOf, shareLost } from '../about/traced.ts'
import { listedPlaces, placeOf, translatorOf } from '../../journey/translator.ts'

export default defineCheck({
  id: 'translation/dnat-stale-endpoint',
  after: 'translation/hostport-hijack',
  title: 'The node translates the VIP to endpoints that exist',
  needs: ['node/ip-route', 'kubernetes/endpointslices'],
  alsoReads: [...traceReads, 'kubernetes/pods'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const subject = `node/${node}`
    const listed = listedPlaces(evidence, question)
    if (isGap(listed))
      return [
        unknown(
          'endpoints-not-read',
          subject,
          said('endpoints not read', `It is not known which endpoints ${node} should know.`),
          [listed],
        ),
      ]
    const share = shareLost(context, (journey) => {
      const { first } = journey
      const dead = autopsy(journey)
      if (dead?.death === 'missing-backend') return dead
      const by = translatorOf(first)
      // What an eBPF program hands to a proxy of the node goes to no endpoint by itself.
      return by?.kubeProxy === true && by.step.did !== 'redirect' && !listed.has(placeOf(first))
        ? { death: null, node: null, outcome: first, step: by.step }
        : null
    })
    if (isDraft(share)) return [share]
    const slices = citeList(
      fileOfSlices(evidence.kubernetes.endpointslices),
      '',
      `${String(listed.size)} endpoints of ${objectName(question.service)}`,
    )
    const { example } = share
    if (example?.death === 'missing-backend') {
      const dangling = deadly(context, share, {
        reason: 'to-missing-backend',
        brief: 'its table lacks the backend that it names',
        says: ({ step }) =>
          `The table of ${proxyOn(evidence, node)} on ${node} names a backend that it does not have (${step?.text ?? ''}): packets that it gives to that one are lost.`,
        fix: () => restartOn(evidence, node, '', []),
      })
      return dangling === null ? [] : [dangling]
    }
    if (example === null || share.dead === 'none')
      return [
        pass(
          'listed-only',
          subject,
          said('sends to listed endpoints only', `${node} sends to listed endpoints only.`),
          [slices],
        ),
      ]
    const gone = placeOf(example.outcome)
    const pod = podAt(context, gone)
    const fix = restartOn(
      evidence,
      node,
      `kube-proxy writes every rule of ${node} anew from what the API server lists now. If it cannot reach the API server, its log says so.`,
      [journalOf(evidence, node)],
    )
    const sentence = `${node} translates to ${gone}, which is no endpoint of the Service any more`
    if (pod !== null)
      return [
        warn(
          'given-to-other-pod',
          subject,
          said('sends to a pod that is no endpoint', `${sentence}; pod ${pod} has that address now.`),
          [...proofOf(decidedBy(example)), slices],
          { fix, blocks: false },
        ),
      ]
    const wrong = deadly(context, share, {
      reason: 'to-removed-endpoint',
      brief: 'sends to an endpoint that is gone',
      says: () => `${sentence}.`,
      fix: () => fix,
    })
    return wrong === null ? [] : [{ ...wrong, proof: [...wrong.proof, slices] }]
  },
  docs: {
    means:
      'The node’s rules send the packet to the address of a pod that the API server no longer lists: kube-proxy there has stopped following changes. Of an eBPF program’s table, a frontend may name a backend that the table does not have. The client sees a time-out, or an unreachable host.',
    byHand:
      'On the node: iptables-save -t nat | grep DNAT (nftables mode: nft list chain ip kube-proxy endpoint-…; IPVS: ipvsadm -Ln; Cilium: cilium-dbg bpf lb list, where “not found” stands for a lost backend; Calico: calico-node -bpf nat dump, where “is missing” does), against kubectl get endpointslices -l kubernetes.io/service-name=NAME.',
    mend: 'Find out why kube-proxy does not follow (its log, its kubeconfig, the API server’s address), then restart it.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (syncProxyRules), pkg/proxy/topology.go (CategorizeEndpoints)',
      'Kubernetes documentation, "EndpointSlices"',
      'cilium/cilium v1.18.0 cilium-dbg/cmd/bpf_lb_list.go (dumpSVC); projectcalico/calico v3.30.0 felix/cmd/calico-bpf/commands/nat.go (dumpNice)',
    ],
  },
})

/** The running pod that has the address of a place now: then something may still answer there. */
function podAt({ evidence }: ServiceNodeContext, place: string): string | null {
  const address = parseAddress(place.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''))
  if (address === null) return null
  const pod = podsAt(evidence, address).find(
    ({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  )
  return pod === undefined ? null : objectName(pod)
}
