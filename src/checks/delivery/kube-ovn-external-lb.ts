import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { l2AdvertisementsFor } from '../../lb/metallb/advertisements.ts'
import { isUnderlay, subnetHas } from '../../lb/kube-ovn/vips.ts'
import { poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { addressOf, type Address } from '../../net/address.ts'
import { parseRange, rangeHas } from '../../net/range.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/kube-ovn-external-lb',
  after: 'delivery/kube-ovn-path',
  title: 'Kube-OVN leaves a Service’s VIP in its underlay subnet to MetalLB',
  needs: ['kubernetes/nodes'],
  alsoReads: ['kubernetes/ovnsubnets', 'kubernetes/l2advertisements', 'kubernetes/ipaddresspools', 'node/ip-link'],
  about: ['service'],
  appliesTo: ({ evidence, question: { vip } }) => {
    const subnets = known(evidence.kubernetes.ovnsubnets) ?? []
    return (
      subnets.some((subnet) => isUnderlay(subnet) && subnetHas(subnet, vip)) ||
      'The VIP lies in no underlay subnet of Kube-OVN.'
    )
  },
  blocks: false,
  run: ({ evidence, question }) => {
    const { vip } = question
    const subnet = (known(evidence.kubernetes.ovnsubnets) ?? []).find((one) => isUnderlay(one) && subnetHas(one, vip))
    if (subnet === undefined) return []
    const name = subnet.metadata?.name ?? ''
    const subject = `subnet/${name}`
    const excluded = (subnet.spec?.excludeIps ?? []).some((text) => {
      const range = parseRange(text.replace('..', '-'))
      return range !== null && rangeHas(range, vip)
    })
    if (!excluded)
      return [
        fail(
          'not-excluded',
          subject,
          said(
            'Kube-OVN may give it to a pod',
            `${vip.text} lies in the underlay subnet ${name} and is not among its excludeIps, so Kube-OVN may give it to a pod while MetalLB gives it to a Service.`,
          ),
          [cite(subnet, 'spec', 'excludeIps')],
          {
            summary: 'keep the pool’s addresses from pods (excludeIps)',
            commands: [
              sh`kubectl patch subnet ${name} --type merge -p ${jsonWord({ spec: { excludeIps: [...(subnet.spec?.excludeIps ?? []), ...excluding(evidence, vip)] } })}`,
            ],
            changes: 'Kube-OVN gives them to no pod from then on; a pod that has one keeps it.',
          },
        ),
      ]
    if (subnet.spec?.enableExternalLBAddress !== true)
      return [
        fail(
          'external-lb-off',
          subject,
          said(
            'Kube-OVN lets MetalLB announce no address there',
            `The underlay subnet ${name}, in which ${vip.text} lies, has enableExternalLBAddress off: Kube-OVN does not let MetalLB announce addresses of it.`,
          ),
          [cite(subnet, 'spec', 'enableExternalLBAddress')],
          {
            summary: `let addresses of ${name} be VIPs`,
            commands: [
              sh`kubectl patch subnet ${name} --type merge -p ${jsonWord({ spec: { enableExternalLBAddress: true } })}`,
            ],
            changes: 'Holds for every address of the subnet.',
          },
        ),
      ]
    const named = enslavedAmong(evidence, question)
    if (named !== null) return [named]
    return [
      pass(
        'left-to-metallb',
        subject,
        said('Kube-OVN leaves it to MetalLB', `The underlay subnet ${name} leaves ${vip.text} to MetalLB.`),
        [cite(subnet, 'spec', 'enableExternalLBAddress'), cite(subnet, 'spec', 'excludeIps')],
      ),
    ]
  },
  docs: {
    means:
      'MetalLB can serve VIPs out of an underlay subnet of Kube-OVN only where that subnet says so (enableExternalLBAddress) and reserves the pool (excludeIps). Else a pod gets an address of the pool, or Kube-OVN does not carry the VIP. The interface that Kube-OVN put into its bridge is no longer the one to announce from: MetalLB uses the bridge.',
    byHand: 'kubectl get subnet NAME -o yaml: enableExternalLBAddress, excludeIps. kubectl get ipaddresspools -A.',
    mend: 'Set enableExternalLBAddress: true and put the pool’s range into excludeIps. From 1.14 on kube-ovn-controller needs --enable-ovn-lb-prefer-local=true and --ls-ct-skip-dst-lport-ips=false besides.',
    sources: ['Kube-OVN documentation, "Integrate MetalLB with Kube-OVN Underlay"'],
  },
})

/** The ranges of the VIP's pool as excludeIps has them, with two dots between first and last; the VIP alone where no pool has it. */
function excluding(evidence: Evidence, vip: Address): readonly string[] {
  const pool = known(poolOf(evidence, vip))
  const ranges = (pool === null ? [] : rangesOf(pool)).filter(({ family }) => family === vip.family)
  return ranges.length === 0
    ? [vip.text]
    : ranges.map(({ family, first, last }) => `${addressOf(family, first).text}..${addressOf(family, last).text}`)
}

/** An interface that an L2Advertisement names and that is a port of an OVS bridge, whose frames are the bridge's. */
function enslavedAmong(evidence: Evidence, question: Question): Draft | null {
  for (const advertisement of known(l2AdvertisementsFor(evidence, question)) ?? [])
    for (const node of evidence.nodeNames) {
      const link = (known(evidence.node(node).ipLink) ?? []).find(
        ({ ifname, master }) =>
          master === 'ovs-system' && advertisement.spec?.interfaces?.includes(ifname ?? '') === true,
      )
      if (link === undefined) continue
      const name = advertisement.metadata?.name ?? ''
      const namespace = advertisement.metadata?.namespace ?? 'metallb-system'
      return fail(
        'interface-is-ovs-port',
        `l2advertisement/${namespace}/${name}`,
        said(
          'it is announced by a port of an OVS bridge',
          `L2Advertisement ${namespace}/${name} names the interface ${link.ifname ?? ''}, which on ${node} is a port of an OVS bridge: MetalLB has to announce from the bridge.`,
        ),
        [cite(advertisement, 'spec', 'interfaces'), cite(link, 'master')],
        {
          summary: 'let every interface announce, the bridge too',
          commands: [
            sh`kubectl -n ${namespace} patch l2advertisement ${name} --type merge -p ${jsonWord({ spec: { interfaces: null } })}`,
          ],
          changes: 'Holds for every VIP of its pools.',
        },
      )
    }
  return null
}
