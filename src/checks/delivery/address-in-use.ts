import type { Evidence } from '../../evidence/evidence.ts'
import { cite } from '../../evidence/cite.ts'
import { known } from '../../evidence/gap.ts'
import { serviceOf, type WithVip } from '../../evidence/question.ts'
import { servedBy } from '../../lb/announcers.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { without } from '../../net/range-set.ts'
import { rangeOf } from '../../net/range.ts'
import { poolWith } from '../about/pool-edit.ts'
import { neighboursOf } from '../../node/neighbours.ts'
import { inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, skipped, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'delivery/address-in-use',
  after: 'delivery/interface-off-subnet',
  title: 'No host outside the cluster has the VIP',
  needs: ['kubernetes/nodes'],
  alsoReads: ['node/ip-neigh', 'node/ip-link', 'node/ip-route', 'node/ip-addr', 'kubernetes/ipaddresspools'],
  on: ['announcement'],
  blocks: true,
  run: ({ evidence, question }) => {
    const { vip } = question
    const subject = `vip/${vip.text}`
    const routers = gatewayOf(evidence, vip)
    if (routers.length > 0 && boundAnywhere(evidence, vip).length === 0)
      return [
        fail(
          'is-gateway',
          subject,
          said(
            'it is the address of the nodes’ gateway',
            `${vip.text} is the gateway of ${inWords(routers.map(({ node }) => node))}: the router has the address, and clients find whichever of the two answered last. Where that is the announcer, nothing leaves the network any more.`,
          ),
          routers.map(({ route }) => cite(route, 'gateway')),
          otherAddress(evidence, question),
        ),
      ]
    const entries = evidence.nodeNames.flatMap((node) =>
      (known(neighboursOf(evidence, node, vip)) ?? []).map((entry) => ({ node, ...entry })),
    )
    if (entries.length === 0)
      return [skipped('no-neighbour-entry', subject, `No node that was read has ${vip.text} in its neighbour table.`)]
    const own = nodeMacs(evidence)
    const strange = entries.filter(({ lladdr }) => !own.macs.has(lladdr))
    const proof = (strange.length > 0 ? strange : entries).map((one) => one.proof)
    if (strange.length === 0)
      return [
        pass(
          'known-hosts-are-nodes',
          subject,
          said(
            'the hosts that have it are nodes',
            `The hosts that the nodes know ${vip.text} by are nodes of the cluster.`,
          ),
          proof,
        ),
      ]
    if (
      question.about !== 'service' &&
      servedBy(evidence, question) === null &&
      boundAnywhere(evidence, vip).length === 0
    )
      return [
        skipped(
          'held-outside',
          subject,
          `No node is to have ${vip.text}: announcement/not-held tells of the host that has it.`,
        ),
      ]
    const macs = [...new Set(strange.map(({ lladdr }) => lladdr))]
    const knowing = [...new Set(strange.map(({ node }) => node))]
    const who = `${inWords(knowing)} ${knowing.length === 1 ? 'knows' : 'know'}`
    if (own.missing.length > 0)
      return [
        skipped(
          'macs-not-read',
          subject,
          `${who} ${vip.text} by ${inWords(macs)}, which may be one of ${inWords(own.missing)}, whose hardware addresses were not read.`,
        ),
      ]
    return [
      fail(
        'host-outside-cluster',
        subject,
        said(
          'a host outside the cluster has it too',
          `${vip.text} belongs to a host outside the cluster too: ${who} it by ${inWords(macs)}, and no node has that hardware address. Some clients reach that host instead.`,
        ),
        proof,
        {
          look: macs.map((mac) => sh`ssh ${strange[0]?.node} sudo ip neigh show | grep -i ${mac}`),
          advice: `They show which other addresses that host has. Take ${vip.text} from it (or out of the range of the DHCP server), or out of the pool.`,
        },
        { partial: true },
      ),
    ]
  },
  docs: {
    means:
      'Another host of the LAN has the same address: a machine that was configured by hand, or by DHCP from a range that overlaps the pool. Both answer ARP, and each client keeps the answer that came last. Worst of all it is the gateway of the nodes: whoever takes its address takes the network’s way out.',
    byHand:
      'arping -D -c 3 -I IFACE VIP on a host that is no node; ip neigh show VIP; ip route show default on a node.',
    mend: 'Give that host another address, and keep the pool out of the DHCP server’s range.',
    sources: ['RFC 5227 (IPv4 Address Conflict Detection)', 'ip-neighbour(8)'],
  },
})

/** The nodes whose default route goes by way of an address. */
const gatewayOf = (evidence: Evidence, address: Address) =>
  evidence.nodeNames.flatMap((node) =>
    (known(evidence.node(node).ipRoute) ?? []).flatMap((route) =>
      route.dst === 'default' && sameAddress(parseAddress(route.gateway), address) ? [{ node, route }] : [],
    ),
  )

/** Out of MetalLB's pool, so that the Service gets another; of other systems only the Service is shown. */
function otherAddress(evidence: Evidence, question: WithVip): Remedy {
  const { vip } = question
  const pool = known(poolOf(evidence, vip))
  const service = serviceOf(question)
  const { namespace = 'default', name } = service?.metadata ?? {}
  return pool === null || service === null
    ? {
        look: service === null ? ['ip route show default'] : [sh`kubectl -n ${namespace} get service ${name} -o yaml`],
        advice: 'Give it another address of the nodes’ subnet, which nothing else has.',
      }
    : poolWith(evidence, pool, without(rangesOf(pool), [rangeOf(vip)]), {
        summary: `take the gateway out of pool ${poolName(pool)}`,
        changes: `The Service gets another address, which its clients and DNS have to follow.`,
      })
}

/** The hardware addresses of the nodes that were read, and the nodes that were not. */
function nodeMacs(evidence: Evidence): { readonly macs: ReadonlySet<string>; readonly missing: readonly string[] } {
  const macs = new Set<string>()
  const missing: string[] = []
  for (const { metadata } of known(evidence.kubernetes.nodes) ?? []) {
    const links = known(evidence.node(metadata?.name ?? '').ipLink)
    if (links === null) missing.push(metadata?.name ?? '')
    for (const { address } of links ?? []) if (address !== undefined) macs.add(address.toLowerCase())
  }
  return { macs, missing }
}
