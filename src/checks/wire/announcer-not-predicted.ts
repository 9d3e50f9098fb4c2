import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { announcing } from '../../lb/announcers.ts'
import { isGap } from '../../evidence/gap.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'
import { knownStations } from '../../journey/stations.ts'

export default defineCheck({
  id: 'wire/announcer-not-predicted',
  after: 'wire/several-announcers',
  title: 'The node that claims the VIP on the wire is the one that should',
  needs: [],
  alsoReads: [
    ...wireReads,
    'kubernetes/servicel2statuses',
    'kubernetes/l2advertisements',
    'kubernetes/ipaddresspools',
    'kubernetes/pods',
    'kubernetes/endpointslices',
    'kubernetes/leases',
  ],
  on: ['announcement'],
  appliesTo: captured,
  blocks: false,
  run: (context) =>
    eachCapture(context, ({ observation: { claimants, vip }, proof }, subject) => {
      const last = claimants.at(-1)
      if (last === undefined) return null
      const { evidence, question } = context
      const station = knownStations(evidence, vip, question.vpcId).stationOf(last.mac)
      if (station === null)
        return skipped('unknown-host', subject, `${last.mac} is no interface of a node that the evidence has.`)
      const { observed, predicted } = announcing(evidence, question)
      const expected = !isGap(observed) && observed.length > 0 ? observed : isGap(predicted) ? predicted : [predicted]
      if (isGap(expected))
        return unknown(
          'prediction-not-known',
          subject,
          said('who should announce it is not known', 'It is not known who should announce.'),
          [expected],
          [proof],
        )
      return expected.includes(station.node)
        ? pass(
            'as-predicted',
            subject,
            said(`${station.node} claims it`, `${station.node} claims ${vip.text}, as it should.`),
            [proof],
          )
        : warn(
            'another-claims',
            subject,
            said(
              'another node claims it than the one that should',
              `${station.node} claims ${vip.text} on the wire, but ${expected[0] === null || expected[0] === undefined ? 'nobody' : expected.join(' and ')} should: the capture is from another time, or two halves of the cluster do not see each other.`,
            ),
            [proof],
            { fix: { look: ['kubectl get servicel2statuses -A', 'kubectl get leases -A'] } },
          )
    }),
  docs: {
    means:
      "The node that claims the VIP on the wire is not the one that MetalLB's status and election, or kube-vip's lease, name. Either the capture and the cluster's objects are from different times, or speakers do not see each other and each elects for itself.",
    byHand:
      'Compare the hardware address in the capture with ip link on the nodes, and with kubectl get servicel2statuses -A.',
    mend: 'Let the speakers see each other (memberlist, tcp and udp 7946), restart the one that holds on, or capture again.',
    sources: ['metallb v0.16.1, speaker/layer2_controller.go (ShouldAnnounce)'],
  },
})
