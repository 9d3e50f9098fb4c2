import { captured, eachCapture, wireReads } from '../about/captures.ts'
import type { Proof } from '../../evidence/cite.ts'
import { fabricOf } from '../../fabric/index.ts'
import { hearingOf } from '../about/hearing.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { together } from '../../net/remedy.ts'
import { sh } from '../../net/shell.ts'
import { fail, pass, said, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'wire/unanswered-requests',
  title: 'Whoever asked for the VIP on the wire was answered',
  needs: [],
  alsoReads: [...wireReads, 'node/ip-addr', 'kubernetes/pods', 'kubernetes/services', 'kubernetes/servicel2statuses'],
  appliesTo: captured,
  blocks: true,
  consequenceOf: [
    'announcement/l2-advertisement',
    'delivery/vip-aligned-with-subnet',
    'delivery/reserved-address',
    'delivery/vip-not-owned',
  ],
  run: (context) =>
    eachCapture(context, ({ conclusion, observation, proof }, subject) => {
      const { vip, requests } = observation
      if (conclusion.outcome === 'unanswered') return unanswered(context, conclusion.says, proof, subject)
      return requests > 0 && observation.claimants.length > 0
        ? pass('answered', subject, said('asked for and answered', `${vip.text} was asked for and answered.`), [proof])
        : null
    }),
  docs: {
    means:
      'Hosts asked for the hardware address of the VIP and got no answer, in a capture that shows answers to others. On a LAN nobody announces it there: no node is elected, the speaker does not run, or it stands in another segment. In a VPC no interface holds the address. Where somebody should answer, two things lie in between: a wireless device (or a bridge) that hands on no broadcast until it is promiscuous, and a hypervisor’s switch that refuses what a machine sends for addresses that it does not know (vSphere: forged transmits, MAC address changes, promiscuous mode, SpoofGuard; Proxmox and libvirt: IP and MAC filters).',
    byHand: 'arping -c 3 VIP on another host of the segment; ip neigh show VIP says FAILED or INCOMPLETE.',
    mend: 'Mend what the earlier hops name: the advertisement and its node selectors, the speaker, in a VPC the owner of the address. If all of that is well, try ip link set DEVICE promisc on, and look at the filters of the hypervisor’s switch.',
    sources: [
      'RFC 826',
      'metallb v0.16.1, internal/layer2/arp.go (who is answered)',
      'MetalLB documentation, "Troubleshooting" (WiFi, promiscuous mode); metallb/metallb issues 253, 284, 535; raspberrypi/linux issue 2677',
      'VMware documentation, "Securing vSphere Standard Switches"; Proxmox VE documentation, "Firewall: IP Filters"',
    ],
  },
})

function unanswered({ evidence, question }: VipContext, concluded: string, proof: Proof, subject: string): Draft {
  const brief = 'asked for, and nobody answered'
  const { delivery } = fabricOf(question)
  const vip = question.vip.text
  if (delivery === 'ownership')
    return fail('unanswered', subject, said(brief, concluded), [proof], {
      look: [sh`aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${vip}`],
    })
  const { says, proof: heardBy, remedies } = hearingOf(evidence, question)
  return fail(
    'unanswered',
    subject,
    said(brief, `${concluded}${says}`),
    [proof, ...heardBy],
    together([...remedies, { look: ['kubectl get servicel2statuses -A -o wide', sh`arping -c 3 ${vip}`] }]),
    // A network of which nothing is known may deliver without a question that a host has to answer.
    { blocks: delivery !== 'unknown' },
  )
}
