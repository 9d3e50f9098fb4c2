import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { fabricOf } from '../../fabric/index.ts'
import { defineCheck } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { fail, pass, said } from '../finding.ts'

export default defineCheck({
  id: 'wire/unanswered-requests',
  title: 'Whoever asked for the VIP on the wire was answered',
  needs: [],
  alsoReads: wireReads,
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
      const { delivery } = fabricOf(context.question)
      if (conclusion.outcome === 'unanswered')
        return fail(
          'unanswered',
          subject,
          said('asked for, and nobody answered', conclusion.says),
          [proof],
          {
            look:
              delivery === 'ownership'
                ? [
                    sh`aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${vip.text}`,
                  ]
                : ['kubectl get servicel2statuses -A -o wide', sh`arping -c 3 ${vip.text}`],
          },
          // A network of which nothing is known may deliver without a question that a host has to answer.
          { blocks: delivery !== 'unknown' },
        )
      return requests > 0 && observation.claimants.length > 0
        ? pass('answered', subject, said('asked for and answered', `${vip.text} was asked for and answered.`), [proof])
        : null
    }),
  docs: {
    means:
      'Hosts asked for the hardware address of the VIP and got no answer, in a capture that shows answers to others. On a LAN nobody announces it there: no node is elected, the speaker does not run, or it stands in another segment. In a VPC no interface holds the address.',
    byHand: 'arping -c 3 VIP on another host of the segment; ip neigh show VIP says FAILED or INCOMPLETE.',
    mend: 'Mend what the earlier hops name: the advertisement and its node selectors, the speaker, in a VPC the owner of the address.',
    sources: ['RFC 826', 'metallb v0.16.1, internal/layer2/arp.go (who is answered)'],
  },
})
