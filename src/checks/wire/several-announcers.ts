import { captured, eachCapture, wireReads } from '../about/captures.ts'
import { knownStations } from '../../journey/stations.ts'
import { defineCheck } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { counted } from '../../net/words.ts'
import { fail, pass, said } from '../finding.ts'

export default defineCheck({
  id: 'wire/several-announcers',
  title: 'Only one host claims the VIP on the wire',
  needs: [],
  alsoReads: wireReads,
  appliesTo: captured,
  blocks: true,
  run: (context) => {
    const { evidence, question, receiving } = context
    const { stationOf } = knownStations(evidence, question.vip, question.vpcId)
    const isReceiving = (mac: string): boolean => receiving.nodes.includes(stationOf(mac)?.node ?? '')
    return eachCapture(context, ({ conclusion, observation: { vip, claimants }, proof }, subject) => {
      if (conclusion.outcome === 'several-announcers')
        return fail(
          'several-announcers',
          subject,
          said(`${counted(claimants.length, 'host')} claim it at the same time`, conclusion.says),
          [proof],
          {
            look: claimants.map(({ mac }) => sh`ip neigh show | grep -i ${mac}`),
            advice: `On a host of the segment they show which addresses each of those hosts has besides. One of them must give up ${vip.text}.`,
          },
          // What each receiving node does with the packet is judged; what another host does nobody can tell.
          claimants.every(({ mac }) => isReceiving(mac)) ? { blocks: false } : { partial: true },
        )
      return claimants.length === 0
        ? null
        : pass('one-announcer', subject, said('one host claims it', conclusion.says), [proof])
    })
  },
  docs: {
    means:
      'Two hosts answer for the same address at the same time. A client keeps the answer that came last, so some reach the VIP and others do not, and it changes. Either two load balancers serve the Service, two nodes do (a split memberlist, IPVS without strictARP), or a host that has nothing to do with the cluster has the address.',
    byHand: 'arping -c 3 VIP on another host of the segment prints every answer with its hardware address.',
    mend: 'Take the address from the one that should not have it: remove it from the stranger, let one load balancer serve the Service, set ipvs.strictARP.',
    sources: ['RFC 5227 §2.4', 'MetalLB documentation, "Preparation" (strict ARP)'],
  },
})
