import { citeLine } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { defineCheck } from '../check.ts'
import { pass } from '../finding.ts'
import { deadly, isDraft, shareDyingOf, translatedVips } from '../about/traced.ts'

export default defineCheck({
  id: 'return/rp-filter',
  title: 'The reverse path filter lets the packet in',
  needs: ['node/sysctl', 'node/ip-route'],
  alsoReads: ['node/iptables-nft', 'node/nft-ruleset', 'node/ip-rule', 'node/processes'],
  appliesTo: translatedVips,
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, node } = context
    const { sysctl } = evidence.node(node)
    const share = shareDyingOf(context, ['reverse-path'])
    if (isGap(sysctl) || isDraft(share)) return isDraft(share) ? [share] : []
    const name = 'net.ipv4.conf.all.rp_filter'
    const line = sysctl.lines.get(name)
    const proof = line === undefined ? [] : [citeLine(sysctl.file, line, `${name} = ${sysctl.values.get(name) ?? ''}`)]
    const wrong = deadly(context, share, {
      reason: 'reverse-path',
      says: ({ outcome, node: second }) =>
        `On ${second ?? node} ${outcome.fate.kind === 'dropped' ? outcome.fate.why : 'the reverse path filter drops it'}.`,
      fix: ({ outcome, node: second }) => ({
        commands: [
          `ssh ${second ?? node} sudo sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.${outcome.packet.inDevice ?? 'default'}.rp_filter=2`,
        ],
        changes:
          'Loose mode: a source is accepted where any device leads back to it. The greater of all and the device counts, so both are set.',
      }),
    })
    return [
      wrong === null
        ? pass('lets-in', `node/${node}`, `The reverse path filter of ${node} lets the packet in.`, proof)
        : { ...wrong, proof: [...proof, ...wrong.proof] },
    ]
  },
  docs: {
    means:
      'The kernel drops a packet whose answer would leave by another device than the one it came in by (rp_filter 1, strict). It happens on nodes with several interfaces, as where a router brings a VIP by BGP to one of them and the default route leaves by another, and logs nothing unless log_martians is on.',
    byHand:
      'sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.DEVICE.rp_filter (the greater counts); nstat -az TcpExtIPReversePathFilter grows while a client tries.',
    mend: 'Use loose mode (2), or policy routing that sends answers back the way the packets came.',
    sources: [
      'RFC 3704, "Ingress Filtering for Multihomed Networks", section 2',
      'Linux Documentation/networking/ip-sysctl.rst (rp_filter)',
      'MetalLB documentation, "Troubleshooting" (asymmetric paths); metallb/metallb issues 597 and 2727',
      'Facts ML-B08',
      'kube-vip issue 507 (facts KV-N05)',
    ],
  },
})
