import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { defineCheck } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { pass, said, warn } from '../finding.ts'

export default defineCheck({
  id: 'wire/answered-by-vpc',
  after: 'wire/several-announcers',
  title: 'The VPC answers for the VIP with the interface that holds it',
  needs: [],
  alsoReads: wireReads,
  on: ['ec2'],
  appliesTo: captured,
  blocks: false,
  run: (context) =>
    eachCapture(context, ({ conclusion, observation: { vip }, proof }, subject) => {
      if (conclusion.outcome === 'answered-by-vpc')
        return pass('answered-by-vpc', subject, said('the VPC answers for it', conclusion.says), [proof])
      if (conclusion.outcome !== 'stale-answer') return null
      return warn(
        'not-answered-by-vpc',
        subject,
        said('answered for by what does not hold it', conclusion.says),
        [proof],
        {
          fix: {
            look: [
              sh`aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=${vip.text}`,
              sh`ip neigh show to ${vip.text}`,
            ],
            advice: `The second line shows what the client believes, where it is typed on the client. \`ip neigh flush to ${vip.text}\` there makes it ask again.`,
          },
        },
      )
    }),
  docs: {
    means:
      'In a VPC the answer to an ARP request comes from the VPC itself and carries the hardware address of the interface that holds the address. The answer in this capture names another interface: the address has been moved since, or the capture is from another network.',
    byHand:
      'ip neigh show VIP on the client; compare lladdr with MacAddress of the owner that aws ec2 describe-network-interfaces prints.',
    mend: 'Capture again; where the client holds on to the old answer, ip neigh flush to VIP there.',
    sources: ['Amazon EC2 User Guide, "Multiple IP addresses" (reassigning)', 'ip-neighbour(8)'],
  },
})
