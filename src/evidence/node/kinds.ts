import { gap, isGap, type Known } from '../gap.ts'
import { readTextBytes } from '../json.ts'
import type { Store } from '../store.ts'
import { addrShape, linkShape, neighShape, routeShape, ruleShape } from './json-shapes.ts'
import type { Shape, Shaped } from '../shape.ts'
import { parseJson } from '../json.ts'
import { readItems } from '../listing.ts'
import { parseCalicoNat } from './calico-nat.ts'
import { parseCiliumLb, parseCiliumServices, parseCiliumStatus } from './cilium-lb.ts'
import { parseKeepalivedConf } from './keepalived-conf.ts'
import { parsePacemakerCib } from './pacemaker-cib.ts'
import { parseListen } from './listen.ts'
import { parsePodListen } from './pod-listen.ts'
import { parseIpsetSave } from './ipset.ts'
import { parseIptablesSave, type IptablesSave } from './iptables-save.ts'
import { parseIpvs } from './ipvs.ts'
import { nftablesOf, record, type Nftables } from './nft.ts'
import { parseSysctl } from './sysctl.ts'
import { textFile } from '../text-file.ts'

/** What one command on a node printed: its file in `nodes/<node>/`, and how it is read. A reader gives a gap where the file is cut off or is something else. */
interface NodeKind<T> {
  readonly file: string
  /** On no node is there nothing to print: an empty file is a lost one. */
  readonly neverEmpty?: true
  readonly read: (file: string, bytes: Uint8Array) => Known<T>
}

const kindOf = <T>(file: string, read: (file: string, text: string) => Known<T>): NodeKind<T> => ({
  file,
  read: (path, bytes) => read(path, decoder.decode(bytes)),
})
const decoder = new TextDecoder()

const neverEmpty = <T>(kind: NodeKind<T>): NodeKind<T> => ({ ...kind, neverEmpty: true })

/** A JSON list of objects, as `ip -j` prints; each item can be cited. An empty file is what an old `ip` prints for an empty list. */
const jsonList =
  <const S extends Shape>(shape: S) =>
  (file: string, text: string): Known<readonly Shaped<S>[]> => {
    const json = text.trim() === '' ? [] : parseJson(file, text)
    if (isGap(json)) return json
    return Array.isArray(json) ? readItems(file, '', json, shape) : gap(file, 'not what its name says: not a list')
  }

/** A list that has entries on every node: routes and addresses of loopback, the three rules of routing. */
const fullList =
  <const S extends Shape>(shape: S) =>
  (file: string, text: string): Known<readonly Shaped<S>[]> => {
    const list = jsonList(shape)(file, text)
    return isGap(list) || list.length > 0 ? list : lost(file)
  }

const lost = (file: string) => gap(file, 'empty, and on no node there is nothing to print')

/** A dump that ends too early is a gap, never a smaller rule set; so is one of which a table could not be printed. */
function iptables(file: string, bytes: Uint8Array): Known<IptablesSave> {
  const save = parseIptablesSave(file, bytes)
  const [odd] = save.misread
  if (odd !== undefined)
    return gap(
      file,
      `not what its name says: line ${String(odd.line)} is no part of a dump: ${JSON.stringify(odd.text.slice(0, 60))}`,
    )
  if (save.cutAt !== null) return gap(file, `cut off: parsing stopped at line ${String(save.cutAt)}`)
  return lacksNat(save) ? gap(file, 'not whole: it has chains of Kubernetes and no table nat') : save
}

/** A dump that ends right behind a table looks whole. kubelet and kube-proxy keep chains in `nat` beside those of `filter` and `mangle`. */
const lacksNat = ({ tables }: IptablesSave): boolean =>
  !tables.has('nat') && [...tables.values()].some(({ chains }) => chains.beginning('KUBE-').chains > 0)

function nftables(file: string, text: string): Known<Nftables> {
  const json = parseJson(file, text)
  if (isGap(json)) return json
  const list = record(json).nftables
  return Array.isArray(list) ? nftablesOf(file, list) : gap(file, 'not what its name says: there is no list /nftables')
}

/** Every output of a node that vipdoctor reads. The key in kebab case, behind `node/`, is the kind's name in a check's `needs`. */
export const nodeKinds = {
  iptablesNft: { file: 'iptables-nft-save.txt', read: iptables },
  iptablesLegacy: neverEmpty({ file: 'iptables-legacy-save.txt', read: iptables }),
  ip6tablesNft: { file: 'ip6tables-nft-save.txt', read: iptables },
  ip6tablesLegacy: neverEmpty({ file: 'ip6tables-legacy-save.txt', read: iptables }),
  nftRuleset: kindOf('nft-ruleset.json', nftables),
  procNetIpVs: neverEmpty(kindOf('proc-net-ip_vs.txt', parseIpvs)),
  ipvsadm: kindOf('ipvsadm.txt', parseIpvs),
  ipset: kindOf('ipset-save.txt', (_, text) => parseIpsetSave(text)),
  ipAddr: kindOf('ip-addr.json', fullList(addrShape)),
  ipLink: kindOf('ip-link.json', fullList(linkShape)),
  ipRoute: kindOf('ip-route.json', fullList(routeShape)),
  ipRule: kindOf('ip-rule.json', fullList(ruleShape)),
  ipNeigh: kindOf('ip-neigh.json', jsonList(neighShape)),
  sysctl: neverEmpty(kindOf('sysctl.txt', parseSysctl)),
  listen: neverEmpty(kindOf('ss-listen.txt', parseListen)),
  podListen: kindOf('pod-listen.txt', parsePodListen),
  conntrack: kindOf('proc-net-nf_conntrack.txt', textFile),
  proxyMode: neverEmpty(kindOf('proxy-mode.txt', textFile)),
  healthz: neverEmpty(kindOf('healthz-10256.json', textFile)),
  kubeProxyMetrics: neverEmpty(kindOf('kube-proxy-metrics.txt', textFile)),
  kubeProxyConfig: kindOf('kube-proxy-config.yaml', textFile),
  kubeProxyConfigz: neverEmpty(kindOf('kube-proxy-configz.json', textFile)),
  metallbMetrics: neverEmpty(kindOf('metallb-metrics.txt', textFile)),
  keepalivedConf: kindOf('keepalived.conf', (file, text) => ({ file, text, instances: parseKeepalivedConf(text) })),
  pacemakerCib: neverEmpty(kindOf('pacemaker-cib.xml', parsePacemakerCib)),
  ciliumBpfLb: neverEmpty(kindOf('cilium-bpf-lb-list.json', parseCiliumLb)),
  ciliumServices: neverEmpty(kindOf('cilium-service-list.json', parseCiliumServices)),
  ciliumStatus: neverEmpty(kindOf('cilium-status.json', parseCiliumStatus)),
  calicoBpfNat: neverEmpty(kindOf('calico-bpf-nat-dump.txt', parseCalicoNat)),
  systemdUnits: neverEmpty(kindOf('systemd-units.txt', textFile)),
  cniConf: kindOf('cni-conf.txt', textFile),
  cniBin: kindOf('cni-bin.txt', textFile),
  processes: neverEmpty(kindOf('processes.txt', textFile)),
  versions: neverEmpty(kindOf('versions.txt', textFile)),
} as const

/** The name of a kind that is read from each node: `evidence.node(node)[name]`. */
export type NodeKindName = keyof typeof nodeKinds

/** What a node's kind reads as. */
export type NodeValue<K extends NodeKindName> = (typeof nodeKinds)[K] extends NodeKind<infer T> ? T : never

/** The file of a kind in a bundle. */
export const nodeFile = (node: string, name: NodeKindName): string => `nodes/${node}/${nodeKinds[name].file}`

/** Reads one output of one node. A node whose folder is not there at all is one gap in words: nothing was read from it. */
export function readNode<K extends NodeKindName>(store: Store, node: string, name: K): Known<NodeValue<K>> {
  const file = nodeFile(node, name)
  const bytes = readTextBytes(store, file)
  if (isGap(bytes)) return store.list(`nodes/${node}`).length === 0 ? gap(file, `nothing was read from ${node}`) : bytes
  const kind: NodeKind<unknown> = nodeKinds[name]
  return (kind.neverEmpty === true && isBlank(bytes) ? lost(file) : kind.read(file, bytes)) as Known<NodeValue<K>>
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13))
