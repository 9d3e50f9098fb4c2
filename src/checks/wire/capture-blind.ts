import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { announcing } from '../../lb/announcers.ts'
import { known } from '../../evidence/gap.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { pass, said, warn } from '../finding.ts'

/** Routers learn of it then, and no host of the segment does. */
function isByBgpAlone({ evidence, question }: Pick<VipContext, 'evidence' | 'question'>): boolean {
  const { byBgp, predicted } = announcing(evidence, question)
  return (known(byBgp) ?? []).length > 0 && known(predicted) === null
}

export default defineCheck({
  id: 'wire/capture-blind',
  after: 'wire/unanswered-requests',
  title: 'A capture that is silent about the VIP shows that it would have seen it',
  needs: [],
  alsoReads: wireReads,
  appliesTo: (context) =>
    isByBgpAlone(context)
      ? 'BGP announces the VIP: nobody asks for it, and silence is no question.'
      : captured(context),
  blocks: false,
  run: (context) =>
    eachCapture(context, ({ conclusion, observation: { control, vip }, proof }, subject) =>
      conclusion.outcome === 'silence-unproven'
        ? warn('blind', subject, said('the capture cannot show that it is silent', conclusion.says), [proof], {
            fix: {
              look: [sh`sudo vipdoctor capture ${vip.family === 4 ? 'arp' : 'ndp'} --vip ${vip.text} --probe`],
              advice: 'On a host of the segment this asks for the VIP and for a neighbour that exists, and listens.',
            },
          })
        : pass(
            control === null ? 'not-silent' : 'control-answered',
            subject,
            said(
              control === null ? 'the capture tells of the VIP' : 'the capture works',
              control === null
                ? 'The capture has something to say about the VIP.'
                : `The capture works: ${control.address} was asked for and answered (${control.mac}).`,
            ),
            [proof],
          ),
    ),
  docs: {
    means:
      'Nothing about the VIP is in the capture, and nothing else in it proves that requests and answers would have been seen: it may have been taken on the wrong interface, too short, or with a filter. Such a silence says nothing about the VIP.',
    byHand: 'tshark -r FILE -Y arp: is there a request for some other address, and its answer?',
    mend: 'While capturing, ask for a neighbour that exists and for the VIP: arping -c 3 GATEWAY; arping -c 3 VIP.',
    sources: ['RFC 826', 'metallb v0.16.1, internal/layer2/announcer.go (silent after 5 s)'],
  },
})
