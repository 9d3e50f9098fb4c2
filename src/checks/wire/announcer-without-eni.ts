import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { defineCheck } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { fail, pass, said } from '../finding.ts'

export default defineCheck({
  id: 'wire/announcer-without-eni',
  after: 'wire/several-announcers',
  title: 'What a node announces in a VPC is held by a network interface',
  needs: [],
  alsoReads: wireReads,
  on: ['ec2'],
  appliesTo: captured,
  blocks: false,
  consequenceOf: ['delivery/vip-not-owned'],
  run: (context) =>
    eachCapture(context, ({ conclusion, observation: { vip }, proof }, subject) => {
      if (conclusion.outcome === 'announced')
        return pass('announced', subject, said('announced, and an interface holds it', conclusion.says), [proof])
      if (conclusion.outcome !== 'announced-without-owner') return null
      return fail(
        'without-interface',
        subject,
        said('announced, and no interface holds it', conclusion.says),
        [proof],
        {
          look: [
            sh`aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${vip.text}`,
          ],
          advice: 'Give the address to the interface of a node (aws ec2 assign-private-ip-addresses).',
        },
      )
    }),
  docs: {
    means:
      'A node announces the VIP by gratuitous ARP, and the frames were seen leaving it. In a VPC they reach nobody: the VPC carries no broadcast and delivers an address to the interface that holds it in the account. None does.',
    byHand: 'tcpdump on the announcing node shows the frames; tcpdump on another host of the subnet shows none.',
    mend: 'As for delivery/vip-not-owned: put the address on an interface, or use what a VPC can carry.',
    sources: [
      'Amazon VPC User Guide, "VPC and subnet basics" (no broadcast)',
      'AWS Overview of Security Processes, VPC',
    ],
  },
})
