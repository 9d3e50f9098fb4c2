import type { NodeKindName } from '../evidence/node/kinds.ts'
import { nodeKinds } from '../evidence/node/kinds.ts'
import { onNode, sh, type Command } from '../net/shell.ts'

/** What one file of a node holds, and what prints it there, by words that the node script has, too; `note`: why nothing else shows it. */
interface NodeFile {
  readonly holds: string
  readonly command: Command
  /** Anybody may read it. */
  readonly open?: true
  readonly note?: string
}

/** The files that one ordinary command prints whole. What takes more than one is left to the node script. */
const byKind: Readonly<Partial<Record<NodeKindName, NodeFile>>> = {
  iptablesNft: { holds: 'the rules of iptables-nft', command: sh`iptables-nft-save -c` },
  iptablesLegacy: { holds: 'the rules of iptables-legacy', command: sh`iptables-legacy-save -c` },
  ip6tablesNft: { holds: 'the rules of ip6tables-nft', command: sh`ip6tables-nft-save -c` },
  ip6tablesLegacy: { holds: 'the rules of ip6tables-legacy', command: sh`ip6tables-legacy-save -c` },
  nftRuleset: {
    holds: 'the rules of nftables itself',
    command: sh`nft -j list ruleset`,
    note: 'iptables-save does not show them, and firewalld, say, keeps its drops there',
  },
  procNetIpVs: { holds: 'the virtual servers of IPVS', command: sh`cat /proc/net/ip_vs` },
  ipset: { holds: 'the sets of ipset', command: sh`ipset save` },
  ipAddr: { holds: 'the addresses', command: sh`ip -j addr show`, open: true },
  ipLink: { holds: 'the interfaces', command: sh`ip -j -d link show`, open: true },
  ipRoute: { holds: 'the routes', command: sh`ip -j route show table all`, open: true },
  ipRule: { holds: 'the rules of routing', command: sh`ip -j rule show`, open: true },
  ipNeigh: { holds: 'the neighbours', command: sh`ip -j neigh show`, open: true },
  listen: { holds: 'the sockets that wait for clients', command: sh`ss -H -lntup` },
}

const byFile: ReadonlyMap<string, NodeFile> = new Map(
  Object.entries(byKind).map(([kind, file]) => [nodeKinds[kind as NodeKindName].file, file]),
)

/** What a file in `nodes/NODE/` holds in words, and why nothing else shows it; the file's own name where no one command prints it. */
export function holdsOf(file: string): { readonly holds: string; readonly note: string | null } {
  const known = byFile.get(file)
  return { holds: known?.holds ?? file, note: known?.note ?? null }
}

/** The command of the user's own machine that prints a file of a node; null where it takes more than one. */
export function printedBy(node: string, file: string): Command | null {
  const known = byFile.get(file)
  if (known === undefined) return null
  return known.open === true ? sh`ssh ${node} ${known.command}` : onNode(node, known.command)
}
