import { decodeSegment, mayBeTcp } from '../../../src/capture/tcp.ts'
import { mayBeNeighbour } from '../../../src/capture/link.ts'
import { neighbourMessage } from '../../../src/capture/neighbour-message.ts'
import { observer } from '../../../src/capture/observe.ts'
import { packetReader } from '../../../src/capture/packet-file.ts'
import { recordedCaptures } from '../../../src/capture/recorded.ts'
import { evidenceOf } from '../../../src/evidence/evidence.ts'
import { awsFile, awsKinds, type AwsKindName } from '../../../src/evidence/ec2/kinds.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../../../src/evidence/kubernetes/kinds.ts'
import { readAws, readKubernetes } from '../../../src/evidence/listing.ts'
import { nodeKinds, readNode, type NodeKindName } from '../../../src/evidence/node/kinds.ts'
import { readManifest } from '../../../src/evidence/manifest.ts'
import { memoryStore, type Store } from '../../../src/evidence/store.ts'
import { UserError } from '../../../src/evidence/user-error.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { nodeState } from '../../../src/node/node-state.ts'
import { rulesOf, type IptablesSave } from '../../../src/evidence/node/iptables-save.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'

const address = (text: string) => {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  return parsed
}
const vip = address('10.240.0.100')
const routes = '[{"dst":"default","gateway":"10.240.0.1","dev":"eth0"}]'

/** Reads one spoilt file by everything that reads such a file, to the end of what is read lazily. */
export function readAll(path: string, bytes: Uint8Array): void {
  const [folder = '', name = '', file = ''] = path.split('/')
  const store = memoryStore(new Map([[path, bytes]]))
  if (path === 'bundle.json') readManifestOf(store)
  else if (folder === 'captures') readCapture(store, bytes)
  else if (folder === 'nodes') readNodeFile(name, file, path, bytes)
  else readListing(store, folder, name)
}

function readManifestOf(store: Store): void {
  try {
    readManifest(store, 'bundle')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
}

function readCapture(store: Store, bytes: Uint8Array): void {
  recordedCaptures(evidenceIn(store))
  const { see, observation } = observer(vip)
  packetReader(bytes, mayBeNeighbour, (frame) => {
    const message = neighbourMessage(frame)
    if (message !== null) see(message)
  })?.consume(bytes)
  observation()
  packetReader(bytes, mayBeTcp, decodeSegment)?.consume(bytes)
}

const evidenceIn = (store: Store) => evidenceOf(store, { time: null, tool: null, redacted: false, gaps: [] })

/** Kinds of the cluster and of the account, by their files. */
const listings: ReadonlyMap<string, (store: Store) => unknown> = new Map<string, (store: Store) => unknown>([
  ...(Object.keys(kubernetesKinds) as KubernetesKindName[]).map(
    (kind) => [kubernetesFile(kind), (store: Store) => readKubernetes(store, kind)] as const,
  ),
  ...(Object.keys(awsKinds) as AwsKindName[]).map(
    (kind) => [awsFile(kind), (store: Store) => readAws(store, kind)] as const,
  ),
])

function readListing(store: Store, folder: string, name: string): void {
  const read = listings.get(`${folder}/${name}`)
  if (read !== undefined) {
    read(store)
    return
  }
  // What is no listing of a kind.
  const { aws } = evidenceIn(store)
  Object.values(aws)
  const [, list, id = ''] = /^get-(subnet-cidr-reservations|managed-prefix-list-entries)-(.*)\.json$/.exec(name) ?? []
  if (list === 'subnet-cidr-reservations') aws.cidrReservations(id)
  if (list === 'managed-prefix-list-entries') aws.prefixListEntries(id)
}

/** Kinds of a node, by their files. */
const ofNode = new Map(Object.entries(nodeKinds).map(([kind, { file }]) => [file, kind as NodeKindName] as const))

/** What the tracer asks a node for. */
const traced = /^(ip6?tables-|nft-|ip-|ipvsadm|ipset-|proc-net|sysctl|proxy-mode|kube-proxy-config)/

function readNodeFile(node: string, file: string, path: string, bytes: Uint8Array): void {
  const kind = ofNode.get(file)
  const files = new Map([[path, bytes]])
  if (kind !== undefined) readRules(readNode(memoryStore(files), node, kind), bytes)
  else if (file === 'cni-conf') Array.from(evidenceIn(memoryStore(files)).node(node).cniConfFiles)
  if (!traced.test(file)) return
  // A trace begins where packets are routed.
  if (file !== 'ip-route.json') files.set(`nodes/${node}/ip-route.json`, Buffer.from(routes))
  traceAll(evidenceIn(memoryStore(files)), node)
}

/** Rules of iptables are tokenised when they are asked for, chain by chain. */
function readRules(value: unknown, bytes: Uint8Array): void {
  if (typeof value !== 'object' || value === null || !('tables' in value) || !(value.tables instanceof Map)) return
  const text = Buffer.from(bytes).toString()
  const names = new Set(Array.from(text.matchAll(/(?:^:|-A )(\S+)/gm), ([, name = '']) => name))
  for (const { chains } of (value as IptablesSave).tables.values())
    for (const name of names) {
      const chain = chains.get(name)
      if (chain !== undefined) rulesOf(chain)
    }
}

function traceAll(evidence: ReturnType<typeof evidenceIn>, node: string): void {
  for (const [family, destination] of [
    [4, vip],
    [6, address('fd00:240::100')],
  ] as const) {
    const state = nodeState(evidence, node, family)
    if (isGap(state)) continue
    const source = family === 4 ? address('10.240.0.50') : address('fd00:240::50')
    for (const inDevice of ['eth0', null])
      tracePacket(state, { source, destination, protocol: 'tcp', destinationPort: 80, inDevice })
  }
}
