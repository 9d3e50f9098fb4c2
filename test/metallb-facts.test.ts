import { expect, test } from '@jest/globals'
import { checks } from '../src/checks/index.ts'

// What can be wrong with MetalLB, and the checks that find it. That of memberlist keys which do not match shows itself in the logs of the
// speakers, which no evidence holds, and by what it leads to: several announcers.
const faults: readonly (readonly [string, readonly string[]])[] = [
  ['Service is not type LoadBalancer', ['assignment/vip-assigned']],
  ['class mismatch', ['assignment/class-mismatch']],
  ['no pools at all', ['assignment/no-pool', 'control/misplaced']],
  ['no ClusterIP (headless)', ['assignment/vip-assigned']],
  ['controller absent/not ready/never loaded a config', ['assignment/vip-assigned', 'control/controller']],
  ['notOwner / noMatchingAdvertisement', ['announcement/bgp-advertisement']],
  ['conflictingAdvertisements', ['announcement/bgp-advertisement']],
  ['nodeNetworkUnavailable, nodeLabeledExcludeBalancers', ['announcement/bgp-advertisement']],
  ['noLocalEndpoints (eTP Local), noEndpoints', ['announcement/bgp-advertisement', 'endpoint/ready']],
  ['no session', ['announcement/bgp-session']],
  ['nodeSelectors of BGPPeer exclude the node', ['announcement/bgp-advertisement']],
  ['Calico also peers with the same router from the same node IP', ['announcement/bgp-session']],
  ['asymmetric routing + rp_filter', ['return/rp-filter']],
  ['native mode limits', ['announcement/bgp-advertisement', 'announcement/bgp-session']],
  [
    '7946 blocked ⇒ every speaker believes it is alone ⇒ several nodes announce the same VIP',
    ['announcement/several-announcers', 'control/memberlist', 'control/memberlist-ports'],
  ],
  ['key mismatch after re-install', ['announcement/several-announcers']],
  ['secret missing', ['control/speaker']],
  ['other process on 7946 (Docker Swarm uses 7946 too [C])', ['control/memberlist']],
  ['no usable endpoint anywhere', ['endpoint/ready']],
  ['no ad bound to the pool', ['announcement/l2-advertisement']],
  ['ad matches no live node', ['announcement/l2-advertisement']],
  ['allow-shared-ip set and an ad uses serviceSelectors (main only)', ['announcement/l2-advertisement']],
  ['every candidate filtered out', ['announcement/no-eligible-node']],
  ['node has condition NetworkUnavailable=True (since 0.13.10)', ['announcement/no-eligible-node']],
  [
    'node labelled node.kubernetes.io/exclude-from-external-load-balancers, any value, even "false" (since 0.14.0), unless --ignore-exclude-lb (0.14.4; helm speaker.ignoreExcludeLB)',
    ['announcement/no-eligible-node'],
  ],
  ['cordoned node (0.14.9 only; reverted in 0.15.0)', ['announcement/no-eligible-node']],
  ['externalTrafficPolicy: Local and the candidate has no usable endpoint', ['announcement/no-eligible-node']],
  ['speaker not on the node', ['announcement/no-eligible-node', 'control/speaker']],
  ["winner lacks the ad's interface", ['delivery/interface-off-subnet']],
  [
    'the named interface exists but gets no responder: it is down, NOARP, not BROADCAST, or enslaved to a bridge/bond/OVS. Name matching happens before those tests, so no event is raised and the VIP is silently dead. (Names caught by the exclude regexes are dropped earlier and do give announceFailed.)',
    ['delivery/interface-off-subnet'],
  ],
  ['speaker cannot open raw sockets', ['control/speaker']],
  ['speaker cannot reach the API', ['control/speaker']],
  [
    'failed calling webhook … context deadline exceeded / connect: no route / i/o timeout',
    ['control/webhook', 'control/webhook-port'],
  ],
  ['connection refused', ['control/controller', 'control/webhook']],
  ['x509: certificate signed by unknown authority', ['control/webhook']],
  ['HTTP proxy answers', ['control/webhook']],
  ['resource must be created in <ns> namespace', ['assignment/no-pool', 'control/misplaced']],
]

test.each(faults)('%s: there is a check for it', (_, ids) => {
  expect(ids.filter((id) => !checks.some((check) => check.id === id))).toEqual([])
})
