import { gap, isGap, type Known } from './gap.ts'
import { readText } from './json.ts'
import type { Store } from './store.ts'
import { addrShape, linkShape, neighShape, routeShape, ruleShape } from './node-json.ts'
import type { Shape, Shaped } from './shape.ts'
import { parseJson } from './json.ts'
import { readItems } from './listing.ts'
import { parseListen } from './listen.ts'
import { textFile } from './text-file.ts'

/** What one command on a node printed: its file in `nodes/<node>/`, and how it is read. A reader gives a gap where the file is cut off or is something else. */
interface NodeKind<T> {
  readonly file: string
  readonly read: (file: string, text: string) => Known<T>
}

const kindOf = <T>(file: string, read: (file: string, text: string) => Known<T>): NodeKind<T> => ({ file, read })

/** A JSON list of objects, as `ip -j` prints; each item can be cited. An empty file is what an old `ip` prints for an empty list. */
const jsonList =
  <const S extends Shape>(shape: S) =>
  (file: string, text: string): Known<readonly Shaped<S>[]> => {
    const json = text.trim() === '' ? [] : parseJson(file, text)
    if (isGap(json)) return json
    return Array.isArray(json) ? readItems(file, '', json, shape) : gap(file, 'not what its name says: not a list')
  }

/** Every output of a node that vipdoctor reads. The key in kebab case, behind `node/`, is the kind's name in a check's `needs`. */
export const nodeKinds = {
  iptablesNft: kindOf('iptables-nft-save.txt', textFile),
  iptablesLegacy: kindOf('iptables-legacy-save.txt', textFile),
  ip6tablesNft: kindOf('ip6tables-nft-save.txt', textFile),
  ip6tablesLegacy: kindOf('ip6tables-legacy-save.txt', textFile),
  nftRuleset: kindOf('nft-ruleset.json', textFile),
  procNetIpVs: kindOf('proc-net-ip_vs.txt', textFile),
  ipvsadm: kindOf('ipvsadm.txt', textFile),
  ipset: kindOf('ipset-save.txt', textFile),
  ipAddr: kindOf('ip-addr.json', jsonList(addrShape)),
  ipLink: kindOf('ip-link.json', jsonList(linkShape)),
  ipRoute: kindOf('ip-route.json', jsonList(routeShape)),
  ipRule: kindOf('ip-rule.json', jsonList(ruleShape)),
  ipNeigh: kindOf('ip-neigh.json', jsonList(neighShape)),
  sysctl: kindOf('sysctl.txt', textFile),
  listen: kindOf('ss-listen.txt', parseListen),
  conntrack: kindOf('proc-net-nf_conntrack.txt', textFile),
  proxyMode: kindOf('proxy-mode.txt', textFile),
  healthz: kindOf('healthz-10256.json', textFile),
  kubeProxyMetrics: kindOf('kube-proxy-metrics.txt', textFile),
  kubeProxyConfig: kindOf('kube-proxy-config.yaml', textFile),
  kubeProxyConfigz: kindOf('kube-proxy-configz.json', textFile),
  metallbMetrics: kindOf('metallb-metrics.txt', textFile),
  systemdUnits: kindOf('systemd-units.txt', textFile),
  cniConf: kindOf('cni-conf.txt', textFile),
  cniBin: kindOf('cni-bin.txt', textFile),
  processes: kindOf('processes.txt', textFile),
  versions: kindOf('versions.txt', textFile),
} as const

export type NodeKindName = keyof typeof nodeKinds

/** What a node's kind reads as. */
export type NodeValue<K extends NodeKindName> = (typeof nodeKinds)[K] extends NodeKind<infer T> ? T : never

/** The file of a kind in a bundle. */
export const nodeFile = (node: string, name: NodeKindName): string => `nodes/${node}/${nodeKinds[name].file}`

/** Reads one output of one node. A node whose folder is not there at all is one gap in words: nothing was read from it. */
export function readNode<K extends NodeKindName>(store: Store, node: string, name: K): Known<NodeValue<K>> {
  const file = nodeFile(node, name)
  const text = readText(store, file)
  if (isGap(text)) return store.list(`nodes/${node}`).length === 0 ? gap(file, `nothing was read from ${node}`) : text
  return nodeKinds[name].read(file, text) as Known<NodeValue<K>>
}
