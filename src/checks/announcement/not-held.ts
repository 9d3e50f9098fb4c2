import { cite, citeList, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { isGiven } from '../../evidence/question.ts'
import { servedBy } from '../../lb/announcers.ts'
import { hostHolders } from '../../lb/holders.ts'
import { configuredNodes, type ConfiguredNode, type HostHolder } from '../../lb/host-holder.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { nodesInQuestion } from '../../lb/host-nodes.ts'
import { sameAddress, parseAddress, type Address } from '../../net/address.ts'
import { neighboursOf } from '../../node/neighbours.ts'
import { sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/not-held',
  title: 'A host has the address on an interface',
  needs: [],
  alsoReads: [
    'kubernetes/nodes',
    'kubernetes/pods',
    'kubernetes/services',
    'node/ip-addr',
    'node/ip-link',
    'node/ip-neigh',
    'node/processes',
    'node/keepalived-conf',
    'node/pacemaker-cib',
  ],
  about: ['service', 'control-plane', 'address'],
  on: ['announcement'],
  appliesTo: ({ evidence, question }) =>
    isGiven(question) || servedBy(evidence, question)?.announcer.name === 'kube-vip'
      ? 'A controller gives the VIP, and its nodes announce it.'
      : question.about !== 'service' ||
        question.entry === 'node-port' ||
        'assignment/external-ips tells who has the address.',
  blocks: true,
  run,
  docs: {
    means:
      'No controller of the cluster announces this address: on a LAN it is answered for by whatever host has it on an interface, as keepalived’s master has, or Pacemaker’s node, or a load balancer beside the cluster. No node has it: keepalived does not run where it is configured, or runs and no instance is master (a fault of its interface or of its check script); Pacemaker does not run, or its resource runs on none of its nodes; or nobody was given the address at all.',
    byHand:
      'On every node: ip -brief address | grep ADDRESS; systemctl status keepalived, and its journal: "Entering MASTER STATE", "Entering FAULT STATE"; sudo crm_mon --one-shot --inactive. On another host of the LAN: arping -c 3 ADDRESS.',
    mend: 'Start keepalived, and mend what its journal names: the interface in vrrp_instance must be one of the node’s, and its check script must succeed. Start Pacemaker, and mend what crm_mon names: quorum, fencing, or the failed resource.',
    sources: [
      'keepalived.conf(5), vrrp_instance, track_interface, track_script, virtual_ipaddress; RFC 9568 (VRRP), section 6.4',
      'ocf_heartbeat_IPaddr2(7), cibadmin(8), crm_mon(8) of Pacemaker',
      'kubernetes/kubeadm docs/ha-considerations.md ("Options for Software Load Balancing")',
      'RFC 826 (ARP)',
    ],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const { vip } = question
  const subject = `vip/${vip.text}`
  const held = boundAnywhere(evidence, vip)
  if (held.length > 0)
    return [
      pass(
        'held',
        subject,
        said(
          `${inWords([...new Set(held.map(({ node }) => node))])} has it on an interface`,
          `${inWords(held.map((one) => `${one.node} (${one.interface})`))} has ${vip.text} on an interface.`,
        ),
        held.map(({ proof }) => proof),
      ),
    ]
  const outside = heardOutside(evidence, vip)
  if (outside !== null)
    return [
      pass(
        'held-outside',
        subject,
        said(
          'a host that is no node has it',
          `${outside.node} knows ${vip.text} by ${outside.lladdr}, a hardware address that no node has: a host that is no node answers for it.`,
        ),
        [outside.proof],
      ),
    ]
  const [holder, told] = holderOf(context)
  const nodes = [
    ...new Set([...told.flatMap(({ node, members }) => [node, ...members]), ...nodesInQuestion(evidence, question)]),
  ].sort()
  const unread = nodes.map((node) => evidence.node(node).ipAddr).filter(isGap)
  const lacking = nodes.map((node) => citeList(nodeFile(node, 'ipAddr'), '', `no interface with ${vip.text}`))
  if (unread.length === 0 && holder !== null) return [byHolder(holder, told, vip, lacking)]
  const silent = unanswered(evidence, vip)
  if (silent !== null)
    return [
      fail(
        'nobody-answers',
        subject,
        said(
          'nobody answers for it on the LAN',
          `${silent.node} asked the LAN for ${vip.text}, and nobody answered; no node that was read has it on an interface.`,
        ),
        [silent.proof],
        {
          look: [
            sh`ssh ${silent.node} ip neigh show ${vip.text}`,
            ...nodes.slice(0, 3).map((node) => sh`ssh ${node} ip -brief address`),
          ],
          advice: `Whatever is to hold ${vip.text} (keepalived, Pacemaker, kube-vip, a load balancer) does not: start it, or give the address to a host.`,
        },
      ),
    ]
  if (nodes.length === 0) return [skipped('no-node-known', subject, `No node is known that could have ${vip.text}.`)]
  return [
    unknown(
      'holder-not-known',
      subject,
      said(
        'which host has it is not known',
        unread.length > 0
          ? `It is not known whether a node has ${vip.text} on an interface: the addresses of ${counted(unread.length, 'node')} were not read.`
          : `No node has ${vip.text} on an interface; whether another host of the LAN has it is not known.`,
      ),
      unread.slice(0, 3),
      unread.length > 0 ? [] : lacking.slice(0, 4),
      {
        fix: {
          look: nodes.slice(0, 3).map((node) => sh`ssh ${node} ip -brief address`),
          advice: `From a host of the LAN: arping -c 3 ${vip.text} shows which hardware address answers.`,
        },
      },
    ),
  ]
}

/** The holder that is configured with the VIP on some node, and those nodes. */
function holderOf({ evidence, question }: VipContext): readonly [HostHolder | null, readonly ConfiguredNode[]] {
  for (const holder of hostHolders) {
    const told = configuredNodes(holder, evidence, question)
    if (told.length > 0) return [holder, told]
  }
  return [null, []]
}

/** No node of those that a holder is configured on has the address: it does not run there, or gives the address to none. */
function byHolder(
  { name, unit, words }: HostHolder,
  told: readonly ConfiguredNode[],
  vip: Address,
  lacking: readonly Proof[],
): Draft {
  const names = inWords(told.map(({ node }) => node))
  const proof = [...told.map((one) => one.proof), ...lacking]
  if (told.every(({ runs }) => runs === false))
    return fail(
      `${unit}-not-running`,
      `vip/${vip.text}`,
      said(
        `${name} is to hold it, and does not run`,
        `${name} is configured with ${vip.text} on ${names}, and runs on none of them: no host answers for the address.`,
      ),
      proof,
      {
        summary: `start ${name} on ${names}`,
        commands: told.map(({ node }) => sh`ssh ${node} sudo systemctl enable --now ${unit}`),
        changes: words.takes(vip.text),
      },
    )
  return fail(
    'held-by-nobody',
    `vip/${vip.text}`,
    said(
      words.idle.brief,
      `${name} is configured with ${vip.text} on ${names}, and no node has the address: ${words.idle.why}.`,
    ),
    proof,
    { look: told.map(({ node }) => words.journal(node)), advice: words.idle.advice },
  )
}

/** The node that has an answer for an address from a hardware address of no node; null where none has, or where a node's own are not known. */
function heardOutside(evidence: Evidence, vip: Address): { node: string; lladdr: string; proof: Proof } | null {
  const names = new Set([
    ...evidence.nodeNames,
    ...(known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? []),
  ])
  const own = new Set<string>()
  for (const node of names) {
    const links = evidence.node(node).ipLink
    if (isGap(links)) return null
    for (const { address } of links) if (address !== undefined) own.add(address.toLowerCase())
  }
  const heard = evidence.nodeNames.flatMap((node) =>
    (known(neighboursOf(evidence, node, vip)) ?? []).map(({ lladdr, proof }) => ({ node, lladdr, proof })),
  )
  return heard.find(({ lladdr }) => !own.has(lladdr)) ?? null
}

/** A node that asked for an address and got no answer (`FAILED`; `INCOMPLETE` still waits for one), where no other node got one. */
function unanswered(evidence: Evidence, vip: Address): { node: string; proof: Proof } | null {
  if (evidence.nodeNames.some((node) => (known(neighboursOf(evidence, node, vip)) ?? []).length > 0)) return null
  for (const node of evidence.nodeNames)
    for (const entry of known(evidence.node(node).ipNeigh) ?? [])
      if (sameAddress(parseAddress(entry.dst), vip) && entry.state?.includes('FAILED') === true)
        return { node, proof: cite(entry, 'state') }
  return null
}
