import { cite, citeFile, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { podsServing, type KubeVipPod } from '../../lb/kube-vip/pods.ts'
import type { Address } from '../../net/address.ts'
import { parseCidrOrAddress, rangeHas } from '../../net/range.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { arpSilence, devicesFacing } from '../../node/arp-silence.ts'
import { settingCommands } from '../about/kube-vip-edit.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/kube-vip-routes',
  after: 'announcement/kube-vip-interface',
  title: 'Routers learn of the VIP from kube-vip’s nodes',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/nodes', 'node/ip-addr', 'node/ip-link', 'node/ip-route', 'node/processes', 'node/sysctl'],
  announcer: 'kube-vip',
  on: ['announcement'],
  appliesTo: ({ evidence, question }) => {
    const mode = podsServing(evidence, question)[0]?.settings.modes[0]
    return mode === 'bgp' || mode === 'table' || 'Only by BGP and by routing table does kube-vip tell routers.'
  },
  blocks: true,
  consequenceOf: ['control/kube-vip'],
  run: (context) => {
    const { evidence, question } = context
    const pods = podsServing(evidence, question)
    const answering = boundAnywhere(evidence, question.vip).filter(
      ({ node, interface: device }) =>
        devicesFacing(evidence, node, question.vip).length > 0 &&
        arpSilence(evidence, node, question.vip, device) === null,
    )
    const [bound] = answering
    if (bound !== undefined)
      return [
        pass(
          'kernel-answers',
          `vip/${question.vip.text}`,
          said(
            `${bound.node} has it on ${bound.interface}`,
            `${inWords(answering.map(({ node }) => node))} ${answering.length === 1 ? 'has' : 'have'} ${question.vip.text} on an interface and ${answering.length === 1 ? 'is' : 'are'} in its subnet: the kernel answers for it there, whatever routers learn.`,
          ),
          answering.map(({ proof }) => proof),
        ),
      ]
    return [pods[0]?.settings.modes[0] === 'bgp' ? byBgp(context, pods) : byTable(context, pods)]
  },
  docs: {
    means:
      'In BGP mode each node of kube-vip opens sessions with the peers that it is told, and in routing-table mode it writes the VIP into a table of the kernel (198), from which a routing daemon on the node must tell routers. Nobody answers ARP for the VIP then. Without a peer, a route or a daemon no router learns of it. Whether sessions are up stands in no object.',
    byHand:
      'Which mode: kubectl -n kube-system get pods -o yaml | grep -A1 -e bgp_ -e vip_routingtable. On a node: ip route show table 198; birdc show route, or vtysh -c "show ip bgp". On the router: does it know a route to the VIP?',
    mend: 'Name the routers in bgp_peers (ADDRESS:AS:PASSWORD:MULTIHOP), or run a routing daemon (BIRD, FRR) on the nodes that exports table 198; or use ARP (vip_arp) where clients are in the VIP’s subnet.',
    sources: [
      'kube-vip v1.2.3 pkg/bgp, pkg/vip/address.go (table 198, protocol 248)',
      'kube-vip documentation, "BGP", "Routing Table"',
    ],
  },
})

function byBgp({ question }: VipContext, pods: readonly KubeVipPod[]): Draft {
  const subject = `vip/${question.vip.text}`
  const unread = pods.some(({ settings }) => settings.peers === null)
  const peers = [...new Set(pods.flatMap(({ settings }) => settings.peers ?? []))].sort()
  const env = pods.slice(0, 2).map(({ pod }) => cite(pod, 'spec', 'containers', 0, 'env'))
  const nodes = nodesOf(pods)
  if (peers.length === 0 && !unread)
    return fail(
      'no-peer',
      subject,
      said(
        'kube-vip has no BGP peer',
        `kube-vip is to tell routers of ${question.vip.text} by BGP, and no router is named in bgp_peers or bgp_peeraddress.`,
      ),
      env,
      {
        summary: 'name the router in bgp_peers (replace what stands in <…>)',
        commands: settingCommands(pods, { name: 'bgp_peers', value: '<peer-address>:<peer-asn>::false' }),
        changes: 'Every node of kube-vip opens a session with it; the router must wait for theirs.',
      },
    )
  const [pod] = pods
  return unknown(
    'sessions-not-known',
    subject,
    said(
      'whether its BGP sessions are up is not known',
      `${inWords(nodes)} ${nodes.length === 1 ? 'is' : 'are'} to tell ${peers.length === 0 ? 'routers' : inWords(peers)} of ${question.vip.text} by BGP; whether the sessions are up stands in no object of kube-vip.`,
    ),
    [],
    env,
    {
      fix: {
        look: [
          sh`kubectl -n ${pod?.pod.metadata?.namespace ?? 'kube-system'} logs ${pod?.pod.metadata?.name} --tail=200 | grep -i -e bgp -e peer`,
          ...nodes
            .slice(0, peers.length === 0 ? 0 : 1)
            .map((node) => sh`ssh ${node} sudo vipdoctor capture bgp --peer ${peers[0]} --duration 60`),
        ],
        advice: 'The router shows whether it has learned the route, and from which nodes.',
      },
    },
  )
}

/** Programs that tell routers what stands in a table of the kernel. */
const daemons = /\b(?:bird6?|bgpd|ospfd|ospf6d|isisd|ripd|gobgpd|exabgp|openbgpd)\b/

function byTable({ evidence, question }: VipContext, pods: readonly KubeVipPod[]): Draft {
  const { vip } = question
  const subject = `vip/${vip.text}`
  const nodes = nodesOf(pods)
  const table = pods[0]?.settings.table ?? 198
  const written = nodes.flatMap((node) => routesTo(evidence, node, vip, table))
  const { ipRoute, processes } = unreadOn(evidence, nodes)
  if (written.length === 0 && ipRoute.length === 0)
    return fail(
      'no-route',
      subject,
      said(
        'kube-vip has written no route to it',
        `kube-vip is to write ${vip.text} into routing table ${String(table)}, and none of ${inWords(nodes)} has a route to it there.`,
      ),
      nodes
        .slice(0, 4)
        .map((node) => citeFile(nodeFile(node, 'ipRoute'), `no route to ${vip.text} in table ${String(table)}`)),
      {
        look: [
          ...nodes.slice(0, 2).map((node) => sh`ssh ${node} ip route show table ${table}`),
          sh`kubectl -n ${pods[0]?.pod.metadata?.namespace ?? 'kube-system'} logs ${pods[0]?.pod.metadata?.name} --tail=50`,
        ],
        advice: 'The log of kube-vip says why: no endpoint of the Service, or no right to change routes (NET_ADMIN).',
      },
    )
  const running = nodes.filter((node) =>
    (known(evidence.node(node).processes)?.lines ?? []).some((line) => daemons.test(line)),
  )
  if (running.length === 0 && processes.length === 0)
    return fail(
      'no-routing-daemon',
      subject,
      said(
        'nothing tells routers of kube-vip’s route',
        `kube-vip writes ${vip.text} into routing table ${String(table)} of ${inWords(nodes)}, and no routing daemon runs there that would tell a router of it.`,
      ),
      [
        ...written,
        ...nodes.slice(0, 4).map((node) => citeFile(nodeFile(node, 'processes'), 'no BIRD, FRR or GoBGP among them')),
      ],
      {
        look: nodes.slice(0, 2).map((node) => sh`ssh ${node} ip route show table ${table}`),
        advice: `Run BIRD or FRR on the nodes with a session to the router, and let it export table ${String(table)}; or let kube-vip speak BGP itself (bgp_enable), or ARP (vip_arp).`,
      },
    )
  return unknown(
    'routers-not-known',
    subject,
    said(
      'whether routers learn of it is not known',
      `kube-vip writes ${vip.text} into routing table ${String(table)}; whether a routing daemon tells routers of it is not in the evidence.`,
    ),
    [...ipRoute, ...processes].slice(0, 3),
    written,
    {
      fix: {
        look: nodes.slice(0, 2).map((node) => sh`ssh ${node} ip route show table ${table}`),
        advice: 'birdc show route, or vtysh -c "show ip bgp" on the node, and the routes of the router, tell it.',
      },
    },
  )
}

/** The routes of a node to an address in one table. */
const routesTo = (evidence: Evidence, node: string, vip: Address, table: number): readonly Proof[] =>
  (known(evidence.node(node).ipRoute) ?? []).flatMap((route) => {
    const range = parseCidrOrAddress(route.dst)
    return String(route.table ?? '') === String(table) && range !== null && rangeHas(range, vip)
      ? [cite(route, 'dst')]
      : []
  })

const unreadOn = (evidence: Evidence, nodes: readonly string[]) => ({
  ipRoute: gapsAmong(...nodes.map((node) => evidence.node(node).ipRoute)),
  processes: gapsAmong(...nodes.map((node) => evidence.node(node).processes)),
})

const nodesOf = (pods: readonly KubeVipPod[]): readonly string[] =>
  [...new Set(pods.flatMap(({ node }) => node ?? []))].sort()
