import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
import { rulesOf } from '../../evidence/node/iptables-save.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { sh } from '../../net/shell.ts'
import { nodeState, type NodeState } from '../../node/node-state.ts'
import { addressOfNode, deviceTo } from '../../node/vip-trace.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'forwarding/mtu',
  title: 'The way between the nodes carries the pods’ largest packets',
  needs: ['node/ip-link', 'node/ip-route', 'kubernetes/endpointslices'],
  alsoReads: [...traceReads, 'kubernetes/nodes'],
  about: ['service'],
  each: 'receiving',
  blocks: false,
  run,
  docs: {
    means:
      'A tunnel between nodes takes room in every packet: VXLAN and Geneve 50 bytes over IPv4 (70 over IPv6), IPIP 20, GRE 24, WireGuard 60 (80). Where the tunnel’s device is larger than what is left of the network below it, or the pods’ devices are larger than the way that leads to them, small packets pass, so that connections come about, and large ones vanish wherever the messages that would say so (ICMP fragmentation needed, packet too big) are dropped: pages hang half-way. In a VPC the network carries 9001 bytes; over peering between regions, gateways and VPN it is 8500 and 1500.',
    byHand:
      'On the receiving node: ping -M do -s SIZE POD-ADDRESS, with SIZE 28 less than the MTU to be tried, or tracepath POD-ADDRESS; ip -d link shows the MTUs.',
    mend: 'Set the MTU in the CNI plugin’s configuration to that of the network less the tunnel’s share, and start the pods anew; until then clamp the MSS (iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu).',
    sources: [
      'RFC 7348, section 4.3 (VXLAN); RFC 2003 (IPIP); RFC 2784 (GRE); WireGuard, "Known Limitations"',
      'Amazon EC2 User Guide, "Network maximum transmission unit (MTU) for your EC2 instance"',
      'Calico documentation, "Configure MTU to maximize network performance"',
    ],
  },
})

/** What a tunnel adds to a packet, by the kernel's kind of its device: over IPv4 and over IPv6. */
const shares: Readonly<Record<string, readonly [number, number]>> = {
  vxlan: [50, 70],
  geneve: [50, 70],
  ipip: [20, 20],
  gre: [24, 44],
  wireguard: [60, 80],
}

interface Link {
  readonly name: string
  readonly mtu: number
  readonly proof: Proof
}

/** Two devices on one way of which the second carries less than the first one needs. */
interface Narrow {
  readonly reason: 'tunnel-too-large' | 'pods-too-large'
  readonly brief: string
  readonly says: string
  readonly links: readonly Link[]
  readonly carries: number
}

function run({ evidence, question, node }: ServiceNodeContext): readonly Draft[] {
  const { family } = question.vip
  const subject = `node/${node}`
  const state = nodeState(evidence, node, family)
  const endpoints = endpointsOf(evidence, question)
  if (isGap(state) || isGap(endpoints))
    return [
      unknown(
        'not-read',
        subject,
        said(
          'MTUs not known',
          `It is not known whether the way from ${node} to the pods carries their largest packets.`,
        ),
        [state, endpoints].filter(isGap),
      ),
    ]
  const far = endpoints.flatMap(({ ready, node: home, address }) => {
    const pod = parseAddress(address)
    return ready && home !== null && home !== node && pod?.family === family ? [{ home, pod }] : []
  })
  if (far.length === 0)
    return [
      skipped('nothing-passed-on', subject, said('nothing is passed on', `${node} passes nothing on to other nodes.`)),
    ]
  for (const { home, pod } of far) {
    const narrow = narrowWay(evidence, state, home, pod)
    if (narrow !== null)
      return [
        warn(
          narrow.reason,
          subject,
          said(narrow.brief, narrow.says),
          narrow.links.map(({ proof }) => proof),
          {
            fix: {
              look: [
                sh`ssh ${node} ping -M do -c 3 -s ${narrow.carries - 28} ${pod.text}`,
                sh`ssh ${node} ping -M do -c 3 -s ${narrow.carries - 27} ${pod.text}`,
                sh`ssh ${node} tracepath ${pod.text}`,
              ],
              advice: `The first line should be answered and the second one not: ${String(narrow.carries)} bytes is what the way to ${pod.text} carries. Set the CNI plugin’s MTU to it.`,
            },
            blocks: false,
          },
        ),
      ]
  }
  return [
    pass(
      'carries',
      subject,
      said(
        'the way carries the largest packets',
        `The way from ${node} to the pods of other nodes is as wide as the pods’ devices.`,
      ),
      [],
    ),
  ]
}

/** What is too narrow between a node and a pod of another; null where nothing is, or where devices are not known. */
function narrowWay(evidence: Evidence, state: NodeState, home: string, pod: Address): Narrow | null {
  const way = linkOf(state, deviceTo(state, pod))
  const host = addressOfNode(evidence, home, pod.family)
  if (way === null || host === null) return null
  const kind = state.links.find(({ ifname }) => ifname === way.name)?.linkinfo?.info_kind ?? ''
  const share = shares[kind]?.[host.family === 4 ? 0 : 1]
  const below = linkOf(state, deviceTo(state, host))
  if (share !== undefined && below !== null && below.name !== way.name && way.mtu + share > below.mtu)
    return {
      reason: 'tunnel-too-large',
      brief: `the tunnel ${way.name} is larger than its network`,
      says: `${way.name} of ${state.node} carries packets of ${String(way.mtu)} bytes and adds ${String(share)} to each (${kind}), and ${below.name} below it carries ${String(below.mtu)}: large packets to ${pod.text} vanish or are cut up.`,
      links: [way, below],
      carries: below.mtu - share,
    }
  const there = nodeState(evidence, home, pod.family)
  const device = isGap(there) ? null : linkOf(there, deviceTo(there, pod))
  if (device === null || isGap(there) || device.mtu <= way.mtu || clamps(state) || clamps(there)) return null
  return {
    reason: 'pods-too-large',
    brief: 'the pods’ MTU is larger than the way’s',
    says: `${device.name} of ${home}, to which the pod ${pod.text} is attached, carries packets of ${String(device.mtu)} bytes, and ${way.name} of ${state.node} on the way to it ${String(way.mtu)}: what the pod offers to take as one segment does not pass.`,
    links: [device, way],
    carries: way.mtu,
  }
}

function linkOf({ links }: NodeState, device: string | null): Link | null {
  const link = links.find(({ ifname }) => device !== null && ifname === device)
  return link?.mtu === undefined ? null : { name: device ?? '', mtu: link.mtu, proof: cite(link, 'mtu') }
}

/** Whether a node makes the segments of connections as small as their way: a TCPMSS rule where one stands, in the chains that the kernel calls. */
const clamps = ({ iptables: { nft, legacy } }: NodeState): boolean =>
  [nft, legacy].some((save) =>
    ['PREROUTING', 'FORWARD', 'POSTROUTING'].some((name) => {
      const chain = save?.tables.get('mangle')?.chains.get(name)
      return chain !== undefined && rulesOf(chain).some(({ text }) => text.includes(' -j TCPMSS '))
    }),
  )
