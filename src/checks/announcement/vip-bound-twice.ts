import { nodeFile } from '../../evidence/node/kinds.ts'
import { citeList } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { announcing, isServedBy, servedBy } from '../../lb/announcers.ts'
import { holderNamed } from '../../lb/holders.ts'
import { podsServing } from '../../lb/kube-vip/pods.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { bitsOf } from '../../net/address.ts'
import { defineCheck } from '../check.ts'
import { droppingNodes, lostPart } from '../about/dropping-nodes.ts'
import { fail, pass, said, unknown } from '../finding.ts'

export default defineCheck({
  id: 'announcement/vip-bound-twice',
  title: 'Only one node has the VIP on an interface',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/leases', 'kubernetes/nodes', 'node/ip-addr'],
  appliesTo: ({ evidence, question }) => {
    const { vip } = question
    const own = isServedBy('kube-vip', evidence, question)
    const mode = own ? podsServing(evidence, question)[0]?.settings.modes[0] : 'arp'
    if (mode !== 'arp') return 'By BGP and by routing table each of kube-vip’s nodes may have the address.'
    const bound = boundAnywhere(evidence, vip)
    if (bound.length > 1) return true
    if (!own) return 'MetalLB puts a VIP on no interface.'
    return evidence.nodeNames.length > 1 || 'The addresses of several nodes are not known.'
  },
  blocks: false,
  run: ({ evidence, question }) => {
    const { vip } = question
    const subject = `vip/${vip.text}`
    const bound = boundAnywhere(evidence, vip)
    const nodes = [...new Set(bound.map(({ node }) => node))]
    const own = isServedBy('kube-vip', evidence, question)
    const listed = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
    const all = [...new Set([...listed, ...evidence.nodeNames])]
    const read = all.filter((node) => !isGap(evidence.node(node).ipAddr))
    const unread = [evidence.kubernetes.nodes, ...all.map((node) => evidence.node(node).ipAddr)].filter(isGap)
    if (nodes.length < 2 && unread.length > 0)
      return [
        unknown(
          'nodes-not-read',
          subject,
          said(
            `${String(read.length)} of ${counted(all.length, 'node')} read`,
            `It is not known whether only one node has ${vip.text} on an interface: ${String(read.length)} of ${counted(all.length, 'node')} were read.`,
          ),
          unread.slice(0, 3),
          bound.map(({ proof }) => proof),
        ),
      ]
    if (nodes.length < 2)
      return [
        pass(
          'bound-once',
          subject,
          said(
            nodes[0] === undefined
              ? 'no interface of the nodes read has it'
              : `${nodes[0]} alone has it on an interface`,
            `${nodes[0] ?? 'No node'} ${nodes.length === 0 ? 'has' : 'alone has'} ${vip.text} on an interface, of the ${String(read.length)} nodes whose addresses are known.`,
          ),
          bound.length > 0
            ? bound.map(({ proof }) => proof)
            : read.slice(0, 4).map((node) => citeList(nodeFile(node, 'ipAddr'), '', `no interface with ${vip.text}`)),
        ),
      ]
    const leaders = own ? (known(announcing(evidence, question).observed) ?? []) : []
    const extra = bound.filter(({ node }) => !leaders.includes(node))
    const holder = holderNamed(servedBy(evidence, question)?.announcer.name)
    const keeps = podsServing(evidence, question).some(({ settings }) => settings.keepsAddress)
    const dropping = droppingNodes(evidence, question, nodes)
    const who = leaders.length === 1 ? `; kube-vip leads on ${leaders.join()}` : ''
    const why = !own
      ? holder === undefined
        ? ''
        : ` ${holder.words.twice.why}`
      : keeps
        ? ' vip_preserve_on_leadership_loss is set, so a node that lost the lease keeps the address.'
        : ' A kube-vip that ended or lost the lease without the API server left it behind.'
    return [
      fail(
        'bound-twice',
        subject,
        said(
          `${counted(nodes.length, 'node')} have it on an interface at once`,
          `${inWords(nodes)} have ${vip.text} on an interface at the same time${who}: each kernel answers ARP for it, and clients end up on one or the other.${why}${lostPart(dropping)}`,
        ),
        bound.map(({ proof }) => proof),
        holder !== undefined
          ? {
              look: nodes.slice(0, 2).flatMap((node) => holder.words.twice.look(node)),
              advice: holder.words.twice.advice,
            }
          : {
              summary: `take it from ${inWords([...new Set(extra.map(({ node }) => node))], 3)}`,
              commands: extra.map(
                (one) => sh`ssh ${one.node} sudo ip address del ${vip.text}/${bitsOf(vip.family)} dev ${one.interface}`,
              ),
              changes: 'Connections that come in there end.',
            },
        dropping.length === 0 ? {} : { blocks: true, partial: true },
      ),
    ]
  },
  docs: {
    means:
      'By ARP only the leader may have the VIP on an interface. A node that lost the lease (its process was killed, it lost the API server) may keep it, and its kernel goes on answering ARP. Some clients then reach one node, some the other, and it changes.',
    byHand: 'On every node: ip address | grep VIP. Addresses on kube-ipvs0 do not count: that device answers no ARP.',
    mend: 'Delete the address on the nodes that do not hold the lease, see why kube-vip there did not, and upgrade it. Without need leave vip_preserve_on_leadership_loss off.',
    sources: ['kube-vip v1.2.3 pkg/vip/address.go; kube-vip issues 588, 996, 1385, 1418, 1579, 1775'],
  },
})
