import { gapsAmong, isGap, type Gap } from '../../evidence/gap.ts'
import { parseAddress } from '../../net/address.ts'
import { counted, inWords } from '../../net/words.ts'
import { passesOn } from '../../journey/legs.ts'
import { endpointsOf, type Endpoint } from '../../lb/endpoints.ts'
import { tunnelCalls } from '../../node/knock.ts'
import { wayToPod } from '../../node/way-to-pod.ts'
import { callsOf, shutProof, shutText, stoppedOf, type Calls } from '../about/host-firewall.ts'
import { openings } from '../about/opening.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'forwarding/cni-ports',
  after: 'forwarding/pod-route',
  title: 'The firewalls of the nodes let the CNI’s tunnels through',
  needs: ['kubernetes/nodes', 'kubernetes/endpointslices'],
  alsoReads: [...traceReads],
  each: 'receiving',
  about: ['service'],
  appliesTo: passesOn,
  blocks: true,
  run,
  docs: {
    means:
      'To a pod on another node the packet goes inside a tunnel of the CNI plugin: VXLAN (udp/8472 with flannel and Cilium, udp/4789 with Calico), Geneve (udp/6081), WireGuard (udp/51820 or 51871), IPIP (IP protocol 4). A firewall on the pod’s node that does not admit the tunnel in INPUT drops the packet before any rule sees what is inside; one on the receiving node drops the answer the same way. The VIP then works only where a pod is on the node that receives the packet. Nothing of this shows in the FORWARD chain.',
    byHand:
      'On the pod’s node: tcpdump -ni any udp port 8472 shows the packets arrive, iptables -L INPUT -n -v or nft list ruleset which rule or policy counts them. From the receiving node, curl POD-ADDRESS:TARGET-PORT hangs.',
    mend: 'Admit the tunnel between the nodes, in both directions, in the firewall that manages the rules there (ufw, firewalld, nftables).',
    sources: [
      'flannel documentation, "Backends" (VXLAN port 8472) and "Troubleshooting: Firewalls"',
      'Calico documentation, "System requirements: Network requirements"; Cilium documentation, "System Requirements: Firewall Rules"',
      'Linux net/ipv4/ip_input.c (ip_local_deliver, NF_INET_LOCAL_IN), drivers/net/vxlan',
    ],
  },
})

/** The way to one endpoint on another node: there inside a tunnel, and back. */
interface Tunnelled {
  readonly endpoint: Endpoint
  readonly device: string
  readonly calls: Calls
}

function run({ evidence, question, node }: ServiceNodeContext): readonly Draft[] {
  const subject = `node/${node}`
  const endpoints = endpointsOf(evidence, question)
  if (isGap(endpoints))
    return [unknown('endpoints-not-known', subject, said('endpoints not read', doubtAbout(node)), [endpoints])]
  const ready = endpoints.filter((one) => one.ready)
  const gaps: Gap[] = []
  const tunnelled = ready.flatMap((endpoint): readonly Tunnelled[] => {
    const pod = parseAddress(endpoint.address)
    if (pod === null || endpoint.node === null || endpoint.node === node) return []
    const way = wayToPod(evidence, node, pod)
    gaps.push(...gapsAmong(way))
    if (isGap(way) || way.by !== 'tunnel') return []
    const calls = callsOf(evidence, tunnelCalls(evidence, way, node, endpoint.node))
    return [{ endpoint, device: way.device, calls }]
  })
  const shut = tunnelled.filter(({ calls }) => calls.shut.length > 0)
  const [first] = shut
  if (first !== undefined) {
    const calls = { shut: shut.flatMap((one) => one.calls.shut) }
    const all = shut.length === ready.length
    const pods = [...new Set(shut.map(({ endpoint }) => endpoint.node ?? ''))].sort()
    const says = said(
      'a firewall drops the CNI’s tunnel',
      `${shutText(calls)}, the tunnel ${first.device} of the CNI: what ${node} passes on to pods on ${inWords(pods)} is lost${all ? '' : `, ${String(shut.length)} of ${counted(ready.length, 'endpoint')}`}.`,
    )
    const proof = shutProof(calls)
    const fix = openings(evidence, stoppedOf(calls))
    return [
      all
        ? fail('tunnel-shut', subject, says, proof, fix)
        : warn('tunnel-shut-in-part', subject, says, proof, { fix, partial: true, blocks: true }),
    ]
  }
  gaps.push(...tunnelled.flatMap(({ calls }) => calls.gaps))
  if (gaps.length > 0 || tunnelled.some(({ calls }) => calls.open.length < calls.count))
    return [
      unknown(
        'tunnel-not-known',
        subject,
        said('the way of the CNI’s tunnel is not known', doubtAbout(node)),
        [...new Set(gaps)].slice(0, 3),
      ),
    ]
  if (tunnelled.length === 0)
    return [skipped('no-tunnel', subject, `${node} sends to no endpoint of the Service through a tunnel.`)]
  return [
    pass(
      'tunnel-open',
      subject,
      said(
        'the CNI’s tunnel gets through',
        `The rules of the nodes let the tunnel from ${node} to ${inWords([...new Set(tunnelled.map(({ endpoint }) => endpoint.node ?? ''))].sort())} through, both ways.`,
      ),
      [],
    ),
  ]
}

const doubtAbout = (node: string): string =>
  `It is not known whether the tunnels between ${node} and the nodes of the endpoints are let through.`
