import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { noWords } from '../../lb/announcer.ts'
import { servedBy } from '../../lb/announcers.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, warn } from '../finding.ts'
import { spanSeconds } from '../../capture/observe.ts'

/** Two of kube-vip's ticks of 3 s, and one to spare. */
const enoughSeconds = 7

export default defineCheck({
  id: 'wire/not-announced',
  title: 'What announces without being asked is heard on the wire',
  needs: [],
  alsoReads: [...wireReads, 'kubernetes/pods', 'kubernetes/leases'],
  on: ['announcement'],
  appliesTo: captured,
  blocks: false,
  run: (context) =>
    eachCapture(context, ({ conclusion, observation, proof }, subject) => {
      const { vip, claimants } = observation
      if (claimants.some(({ unasked }) => unasked > 0))
        return pass('announced', subject, said('announced on the wire', conclusion.says), [proof])
      if (conclusion.outcome !== 'silence' && conclusion.outcome !== 'unanswered') return null
      const words = servedBy(context.evidence, context.question)?.announcer.words ?? noWords
      if (words.silence !== null) return skipped(words.silence.reason, subject, words.silence.says)
      const listened = spanSeconds(observation)
      if (listened < enoughSeconds)
        return skipped(
          'captured-too-short',
          subject,
          `The capture is ${listened.toFixed(0)} s long; kube-vip may have announced just before.`,
        )
      return warn(
        'silent',
        subject,
        said(
          'kube-vip was not heard on the wire',
          `kube-vip announces every 3 s, and in ${listened.toFixed(0)} s nothing was heard about ${vip.text}.`,
        ),
        [proof],
        {
          fix: {
            look: ['kubectl get leases -A | grep -e plndr -e kubevip', 'kubectl get pods -A -o wide | grep kube-vip'],
            advice: 'The log of the kube-vip that leads says whether it announces.',
          },
        },
      )
    }),
  docs: {
    means:
      'kube-vip repeats its gratuitous ARP every three seconds for as long as it leads. A working capture of some seconds without one means that it does not announce in this segment: no leader, ARP switched off, or another interface. MetalLB is silent after five seconds, so this says nothing about it.',
    byHand: 'tcpdump -eni INTERFACE arp host VIP, for seven seconds.',
    mend: 'Look at the lease and at the log of the pod that holds it; vip_arp and vip_interface must be right there.',
    sources: ['kube-vip v1.2.3, pkg/arp/arp.go', 'metallb v0.16.1, internal/layer2/announcer.go'],
  },
})
