import { gap, known } from '../../evidence/gap.ts'
import { bgpOnWire, type BgpSeen } from '../../journey/bgp-on-wire.ts'
import { announcing } from '../../lb/announcers.ts'
import { sh, type Command } from '../../net/shell.ts'
import { captured, wireReads } from '../about/captures.ts'
import { onlyByBgp, unannounced } from '../about/announced.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'wire/bgp-session',
  title: 'Who announces the VIP by BGP is heard telling its peers',
  needs: [],
  alsoReads: [
    ...wireReads,
    'kubernetes/bgpadvertisements',
    'kubernetes/bgppeers',
    'kubernetes/l2advertisements',
    'kubernetes/ipaddresspools',
    'kubernetes/pods',
    'kubernetes/endpointslices',
    'kubernetes/leases',
  ],
  appliesTo: (context) => {
    const { evidence, question } = context
    if ((known(announcing(evidence, question).byBgp) ?? []).length === 0)
      return 'Nobody is known to announce it by BGP.'
    return captured(context)
  },
  blocks: true,
  consequenceOf: ['control/bgp-ports', 'announcement/bgp-session', 'announcement/bgp-advertisement'],
  run: (context) => {
    const { evidence, question } = context
    const seen = bgpOnWire(evidence, question.vip)
    const should = known(announcing(evidence, question).byBgp) ?? []
    const own = seen.filter(({ node }) => should.includes(node))
    if (own.length === 0)
      return [
        skipped(
          'no-bgp-captured',
          `vip/${question.vip.text}`,
          `No capture has a word between a peer and a node that should announce ${question.vip.text} by BGP.`,
        ),
      ]
    const faults = own.filter(({ conclusion }) => conclusion.verdict === 'fault')
    const nobodyTells = should.every((node) => {
      const told = own.filter((one) => one.node === node)
      return told.length > 0 && told.every(({ conclusion }) => conclusion.verdict === 'fault')
    })
    return nobodyTells && onlyByBgp(context)
      ? [
          unannounced(
            context,
            'no-peer-told',
            `vip/${question.vip.text}`,
            {
              brief: 'no peer is told of it on the wire',
              says: `Nobody that should announce ${question.vip.text} tells a peer of it on the wire: ${faults.map(({ conclusion }) => conclusion.says.replace(/\.$/, '')).join('; ')}.`,
            },
            faults.map(({ proof }) => proof),
            { look: faults.slice(0, 1).map(lookAt) },
          ),
        ]
      : own.map((one) => judge(one, context))
  },
  docs: {
    means:
      'The capture holds what speakers and routers said to each other at tcp/179: whether a session came up, whether one side ended it and with which code, and which prefixes were announced and withdrawn. A router that was not told has no route to the VIP, whatever the status of the Service says.',
    byHand:
      'sudo vipdoctor capture bgp --peer ADDRESS --vip VIP --duration 60 on the node; tcpdump -ni any tcp port 179.',
    mend: 'The code of a NOTIFICATION names what they do not agree on (AS number, hold time, address family); silence is a firewall or a wrong address; a session that announces nothing is a matter of the advertisement and its selectors.',
    sources: ['RFC 4271 §4.5, §6 (NOTIFICATION), §8', 'RFC 4486 (Cease)'],
  },
})

function judge(seen: BgpSeen, { question }: VipContext): Draft {
  const { capture, node, peer, conclusion, proof } = seen
  const subject = `capture/${capture.file}`
  const { says, verdict } = conclusion
  if (verdict === 'fine') return pass('announced', subject, said(`${node} tells ${peer.text} of it`, says), [proof])
  if (verdict === 'fault')
    return warn(
      conclusion.outcome === 'established' ? 'not-announced' : conclusion.outcome,
      subject,
      said(`${node} does not tell its peer`, says),
      [proof],
      { fix: { look: [lookAt(seen)] }, blocks: false },
    )
  const why = `does not show whether ${node} tells ${peer.text} of ${question.vip.text}`
  return unknown('not-shown', subject, said('the capture does not show it', says), [gap(capture.file, why)], [proof], {
    blocks: false,
  })
}

const lookAt = ({ node, peer }: BgpSeen): Command =>
  sh`ssh ${node} sudo vipdoctor capture bgp --peer ${peer.text} --duration 60`
