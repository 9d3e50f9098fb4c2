import { isGap } from '../../evidence/gap.ts'
import { metallbSettings, olderThan } from '../../lb/metallb/install.ts'
import { observedByMetallb } from '../../lb/metallb/observed.ts'
import { sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { droppingNodes, lostPart } from '../about/dropping-nodes.ts'
import { announcedByArp } from '../about/announced.ts'
import { fabricOf } from '../../fabric/index.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'

export default defineCheck({
  id: 'announcement/several-announcers',
  after: 'announcement/vip-bound-twice',
  title: 'At most one speaker reports that it announces the VIP',
  needs: ['kubernetes/servicel2statuses'],
  alsoReads: [
    'kubernetes/pods',
    'kubernetes/events',
    'kubernetes/ipaddresspools',
    'kubernetes/l2advertisements',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: (context) => {
    const settings = metallbSettings(context.evidence)
    return olderThan(settings, '0.14.6')
      ? `MetalLB ${settings.version ?? ''} writes no ServiceL2Status; its newest event tells of one speaker only.`
      : announcedByArp(context)
  },
  blocks: false,
  run: ({ evidence, question }) => {
    const { vip } = question
    const subject = `vip/${vip.text}`
    const observed = observedByMetallb(evidence, question.service)
    if (isGap(observed))
      return [
        unknown(
          'announcers-not-known',
          subject,
          said('who announces it is not known', `It is not known who announces ${vip.text}.`),
          [observed],
        ),
      ]
    const nodes = [...new Set(observed.map(({ node }) => node))]
    const proof = observed.map((one) => one.proof)
    if (nodes.length === 0)
      return [skipped('nobody-announces', subject, `No speaker reports that it announces ${vip.text}.`)]
    if (nodes.length === 1)
      return [
        pass(
          'one-announces',
          subject,
          said(`only ${nodes.join('')} announces it`, `Only ${nodes.join('')} reports that it announces ${vip.text}.`),
          proof,
        ),
      ]
    const { namespace } = metallbSettings(evidence)
    const dropping = droppingNodes(evidence, question, nodes)
    return [
      warn(
        'several-announce',
        subject,
        said(
          `${counted(nodes.length, 'node')} announce it at once`,
          `${inWords(nodes)} all report that they announce ${vip.text}: their speakers do not see each other. ${fabricOf(question).words.announcing}${lostPart(dropping)}`,
        ),
        proof,
        {
          fix: {
            look: [
              sh`kubectl -n ${namespace} logs -l component=speaker --tail=200 | grep -E "partial join|Failed to join|No installed keys"`,
              ...nodes.slice(1).map((node) => sh`ssh ${nodes[0]} sudo nc -zv ${node} 7946`),
            ],
            advice:
              'The speakers must reach each other: 7946 must be open between the nodes, tcp and udp. "No installed keys" means that they were started with different memberlist Secrets: restart them all.',
          },
          ...(dropping.length === 0 ? {} : { blocks: true, partial: true }),
        },
      ),
    ]
  },
  docs: {
    means:
      'Each speaker elects the announcer among the members that it sees. Where 7946 is closed between nodes, each takes itself for the only one and announces the same VIP: several hosts answer ARP for it.',
    byHand: 'kubectl -n metallb-system get servicel2statuses; arping -c 3 VIP from another host shows every answer.',
    mend: 'Open 7946/tcp and 7946/udp between all nodes; restart all speakers where the memberlist Secret was made anew (a speaker with the old key says "No installed keys could decrypt the message").',
    sources: ['MetalLB v0.16.1 internal/speakerlist/speakerlist.go', 'metallb/metallb issues 589, 740 and 1765'],
  },
})
