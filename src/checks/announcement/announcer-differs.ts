import { isGap } from '../../evidence/gap.ts'
import { electedNode } from '../../lb/metallb/election.ts'
import { metallbSettings, olderThan } from '../../lb/metallb/install.ts'
import { observedByMetallb } from '../../lb/metallb/observed.ts'
import { sh } from '../../net/shell.ts'
import { announcedByArp } from '../about/announced.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'

export default defineCheck({
  id: 'announcement/announcer-differs',
  after: 'announcement/no-eligible-node',
  title: 'The node that announces the VIP is the one that MetalLB should elect',
  needs: ['kubernetes/nodes', 'kubernetes/l2advertisements', 'kubernetes/ipaddresspools', 'kubernetes/pods'],
  alsoReads: [
    'kubernetes/endpointslices',
    'kubernetes/servicel2statuses',
    'kubernetes/events',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: announcedByArp,
  blocks: false,
  run: ({ evidence, question }) => {
    const { vip } = question
    const subject = `vip/${vip.text}`
    const elected = electedNode(evidence, question)
    const observed = observedByMetallb(evidence, question.service)
    if (isGap(elected) || isGap(observed))
      return [
        unknown(
          'election-not-known',
          subject,
          said(
            'its announcer is not known',
            `It is not known whether ${vip.text} is announced by the node that should.`,
          ),
          [elected, observed].filter(isGap),
        ),
      ]
    const proof = observed.map((one) => one.proof)
    const nodes = [...new Set(observed.map(({ node }) => node))]
    const settings = metallbSettings(evidence)
    const fix = {
      look: [
        sh`kubectl -n ${settings.namespace} logs -l component=speaker --tail=200 | grep -E "memberlist|partial join|serviceAnnounced|serviceWithdrawn"`,
        sh`kubectl -n ${settings.namespace} get servicel2statuses -o wide`,
      ],
      advice: 'A speaker logs whom it takes for alive, and why it announces or not.',
    }
    if (elected === null) return [skipped('nobody-elected', subject, 'MetalLB would elect nobody now.')]
    const [one, ...more] = nodes
    if (more.length > 0)
      return [
        skipped('several-announce', subject, 'Several nodes announce; announcement/several-announcers speaks of that.'),
      ]
    if (one === undefined) {
      // Before 0.14.6 only events tell, and they expire.
      if (olderThan(settings, '0.14.6'))
        return [
          skipped(
            'no-lasting-record',
            subject,
            `MetalLB ${settings.version ?? ''} leaves no lasting record of who announces.`,
          ),
        ]
      return [
        warn(
          'nobody-announces',
          subject,
          said(
            'no speaker reports that it announces it',
            `${elected} should announce ${vip.text}, and no speaker reports that it does.`,
          ),
          proof,
          { fix },
        ),
      ]
    }
    if (one === elected)
      return [
        pass(
          'as-elected',
          subject,
          said(`${one} announces it`, `${one} announces ${vip.text}, as MetalLB's election has it.`),
          proof,
        ),
      ]
    return [
      warn(
        'another-announces',
        subject,
        said(
          'another node announces it than the one elected',
          `${one} announces ${vip.text}, while the election by hash gives it to ${elected}: its speakers do not agree on who is alive, differ in version, or differ in what they filter.`,
        ),
        proof,
        { fix },
      ),
    ]
  },
  docs: {
    means:
      'MetalLB elects the announcer of a VIP without talking about it: of the nodes that its filters leave, the one whose SHA-256 of NODE#VIP is smallest. Everybody who sees the same nodes comes to the same result. Here another node announces than the one that should: the speakers see different members (port 7946), run different versions or flags, or the record is old.',
    byHand:
      'for n in NODES; do echo "$(printf "$n#VIP" | sha256sum) $n"; done | sort | head -1, against kubectl -n metallb-system get servicel2statuses.',
    mend: 'Open 7946/tcp and 7946/udp between the nodes, and let all speakers run the same version.',
    sources: ['MetalLB v0.16.1 speaker/layer2_controller.go (ShouldAnnounce)'],
  },
})
