import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { onNode, sh, word, type Command } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import type { Outcome, Packet, Step } from '../../node/trace/types.ts'
import type { Remedy } from '../finding.ts'
import { distinct, owned } from './rule-removal.ts'

/** A packet that a rule or a policy of a node stopped. */
export interface Stopped {
  readonly node: string
  readonly outcome: Outcome
  /** Whose packets it stands for; its own source alone where they are not given. */
  readonly sources?: readonly string[] | undefined
}

/** What manages a node's rules, as far as the rules show it. `iptables` and `nft` are rules that somebody wrote with the tool itself. */
type Manager = 'ufw' | 'firewalld' | 'nft' | 'iptables'

/** Who wrote the rule, and must be told so that it stays mended; null for rules of a program that takes no such orders (kube-proxy, a CNI). */
export function managerOf(evidence: Evidence, node: string, { backend, table, chain }: Step): Manager | null {
  if (backend === 'native') return /\bfirewalld$/.test(table) ? 'firewalld' : 'nft'
  if (backend !== 'nft' && backend !== 'legacy') return null
  if (owned.test(chain)) return null
  const { iptablesNft, iptablesLegacy } = evidence.node(node)
  const filter = known(backend === 'nft' ? iptablesNft : iptablesLegacy)?.tables.get('filter')
  if (filter?.chains.beginning('ufw').chains) return 'ufw'
  return filter?.chains.beginning('IN_').chains ? 'firewalld' : 'iptables'
}

/** The commands that let these packets through, on each node in the words of what manages its rules there. */
export function openings(evidence: Evidence, stopped: readonly Stopped[]): Remedy {
  const groups = new Map<string, { readonly first: Stopped; readonly sources: Set<string> }>()
  for (const one of stopped) {
    const { protocol, destinationPort, destination, source } = one.outcome.packet
    const key = [one.node, protocol, destinationPort, destination.text].join(' ')
    const group = groups.get(key) ?? { first: one, sources: new Set<string>() }
    groups.set(key, group)
    for (const text of one.sources ?? [source.text]) group.sources.add(text)
  }
  const managers = new Set<Manager>()
  const lines = [...groups.values()].flatMap(({ first: { node, outcome }, sources }) => {
    const step = outcome.steps.at(-1)
    const manager = step === undefined ? null : managerOf(evidence, node, step)
    if (step === undefined || manager === null) return []
    managers.add(manager)
    const lines = words[manager](step, outcome, [...sources].sort())
    return lines.map((line) => ({ node, line, closes: line === reload }))
  })
  const commands = distinct(
    [...lines.filter(({ closes }) => !closes), ...lines.filter(({ closes }) => closes)].map(({ node, line }) =>
      onNode(node, line),
    ),
  )
  if (commands.length === 0)
    return { advice: 'Admit it in the firewall or the policy that wrote the rule: what wrote it would write it again.' }
  const nodes = [...new Set([...groups.values()].map(({ first: { node } }) => node))].sort()
  return {
    summary: `let it through on ${inWords(nodes, 2)}`,
    commands,
    changes: [...managers].map((manager) => lasting[manager]).join(' '),
  }
}

const lasting: Readonly<Record<Manager, string>> = {
  ufw: 'ufw keeps the rule, also over a restart.',
  firewalld: 'firewalld keeps the rule, also over a restart.',
  nft: 'Holds until the rules are loaded anew: write the rule into the file that they come from (/etc/nftables.conf), too.',
  iptables:
    'Holds until the rules are loaded anew: write the rule into what loads them (a script, netfilter-persistent), too.',
}

type Words = (step: Step, outcome: Outcome, sources: readonly string[]) => readonly Command[]

const hasPorts = ({ protocol }: Packet): boolean => protocol !== 'ipencap'
const nothing: Command = { line: '' }

/** What was written for good takes hold by it, once behind all of it. */
const reload: Command = sh`firewall-cmd --reload`

const words: Readonly<Record<Manager, Words>> = {
  // ufw knows no IPIP by name: a rule without a protocol admits it.
  ufw: ({ hook }, { packet }, sources) => {
    const { protocol, destination, destinationPort } = packet
    const proto = hasPorts(packet) ? sh`proto ${protocol} ` : nothing
    const port = hasPorts(packet) ? sh` port ${destinationPort}` : nothing
    if (hook === 'OUTPUT') return [sh`ufw allow out ${proto}to ${destination.text}${port}`]
    return sources.map((source) =>
      hook === 'FORWARD'
        ? sh`ufw route allow ${proto}from ${source} to ${destination.text}${port}`
        : sh`ufw allow ${proto}from ${source} to any${port}`,
    )
  },
  // Between zones only a policy admits (firewalld.policies(5)).
  firewalld: ({ hook }, outcome, sources) => {
    const { protocol, destination, destinationPort } = outcome.packet
    const what = hasPorts(outcome.packet)
      ? `port port="${String(destinationPort)}" protocol="${protocol}"`
      : 'protocol value="4"'
    const zone = zoneOf(outcome)
    const forward = hook.toUpperCase() === 'FORWARD'
    const where = forward ? sh`--policy=to-pods ` : zone === null ? nothing : sh`--zone=${zone} `
    const rules = sources.map((source) => {
      const to = forward ? ` destination address="${destination.text}"` : ''
      const rule = `rule family="ipv${String(destination.family)}" source address="${source}"${to} ${what} accept`
      return sh`firewall-cmd --permanent ${where}--add-rich-rule=${word(rule)}`
    })
    const policy = [
      sh`firewall-cmd --permanent --new-policy=to-pods`,
      sh`firewall-cmd --permanent --policy=to-pods --add-ingress-zone=ANY`,
      sh`firewall-cmd --permanent --policy=to-pods --add-egress-zone=ANY`,
    ]
    return [...(forward ? policy : []), ...rules, reload]
  },
  nft: ({ table, chain }, { packet }, sources) => {
    const { protocol, destination, destinationPort } = packet
    const family = destination.family === 4 ? 'ip' : 'ip6'
    const from = sources.length === 1 ? (sources[0] ?? '') : `{ ${sources.join(', ')} }`
    const what = hasPorts(packet) ? sh`${protocol} dport ${destinationPort}` : sh`meta l4proto 4`
    const to = sh`${family} daddr ${destination.text}`
    return [sh`nft insert rule ${`${table} ${chain}`.split(' ')} ${family} saddr ${word(from)} ${to} ${what} accept`]
  },
  iptables: ({ backend, table, chain }, { packet }, sources) => {
    const { protocol, destination, destinationPort } = packet
    const tool = `${destination.family === 4 ? 'ip' : 'ip6'}tables-${backend}`
    const what = hasPorts(packet) ? sh`-p ${protocol} --dport ${destinationPort}` : sh`-p 4`
    const from = sources.join(',')
    return [sh`${tool} -t ${table} -I ${chain} -s ${from} -d ${destination.text} ${what} -j ACCEPT`]
  },
}

/** The zone of firewalld by whose chains the packet came; null where none was on its way, and the default zone decides. */
const zoneOf = ({ steps }: Outcome): string | null =>
  steps.flatMap(({ chain, text }) => zoneChain.exec(`${chain} ${text}`)?.[1] ?? [])[0] ?? null

const zoneChain = /(?:\b|_)IN_(?!policy_)([\w-]+?)(?:_(?:pre|log|deny|allow|post))?(?![\w-])/
