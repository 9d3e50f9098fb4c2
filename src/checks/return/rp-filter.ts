import { isGap } from '../../evidence/gap.ts'
import { citeSettings } from '../../evidence/node/sysctl.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { policyRouting } from '../about/policy-routing.ts'
import { deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'return/rp-filter',
  title: 'The reverse path filter lets the packet in',
  needs: ['node/sysctl', 'node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  consequenceOf: ['delivery/owner-device-down'],
  run: (context) => {
    const { evidence, node } = context
    const share = shareDyingOf(context, ['reverse-path'])
    if (isDraft(share)) return [share]
    const { sysctl } = evidence.node(share.example?.node ?? node)
    if (isGap(sysctl)) return []
    const inDevice = share.example?.outcome.packet.inDevice ?? null
    const devices = ['all', ...(inDevice === null ? [] : [inDevice])]
    const proof = citeSettings(
      sysctl,
      devices.map((device) => `net.ipv4.conf.${device}.rp_filter`),
    )
    const wrong = deadly(context, share, {
      reason: 'reverse-path',
      brief: 'the reverse path filter drops it',
      says: ({ outcome, node: second }) =>
        `On ${second ?? node} ${outcome.fate.kind === 'dropped' ? outcome.fate.why : 'the reverse path filter drops it'}.`,
      fix: ({ outcome, node: second }) => {
        const device = outcome.packet.inDevice ?? 'default'
        // On the pod's node the packet comes from another node, and the answer goes back to that one.
        if (second === null) return policyRouting(evidence, context.question, node, device, 'pod')
        return {
          summary: `loose mode on ${device} of ${second}`,
          commands: [sh`ssh ${second} sudo sysctl -w net.ipv4.conf.${device}.rp_filter=2`],
          changes:
            'Until the next boot a source is accepted where any device leads back to it: the greater of all and the device counts. A file in /etc/sysctl.d keeps it.',
        }
      },
    })
    return [
      wrong === null
        ? pass(
            'lets-in',
            `node/${node}`,
            said('the reverse path filter lets it in', `The reverse path filter of ${node} lets the packet in.`),
            proof,
          )
        : { ...wrong, proof: [...proof, ...wrong.proof] },
    ]
  },
  docs: {
    means:
      'The kernel drops a packet whose answer would leave by another device than the one it came in by (rp_filter 1, strict). It happens on nodes with several interfaces, as where the VIP is an address of the second one, or a router brings a VIP by BGP to one of them and the default route leaves by another, and logs nothing unless log_martians is on.',
    byHand:
      'sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.DEVICE.rp_filter (the greater counts); nstat -az TcpExtIPReversePathFilter grows while a client tries.',
    mend: 'Policy routing that sends answers out of the device that the packets come in by, with loose mode (2) on that device. Loose mode alone leads into the next fault: the answer leaves by the other device.',
    sources: [
      'RFC 3704, "Ingress Filtering for Multihomed Networks", section 2',
      'Linux Documentation/networking/ip-sysctl.rst (rp_filter)',
      'MetalLB documentation, "Troubleshooting" (asymmetric paths); metallb/metallb issues 597 and 2727',
      'kube-vip issue 507',
    ],
  },
})
