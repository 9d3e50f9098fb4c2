import os from 'node:os'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap } from '../evidence/gap.ts'
import { kubernetesFile, type Node } from '../evidence/kubernetes/kinds.ts'
import { readKubernetes } from '../evidence/listing.ts'
import { memoryStore } from '../evidence/store.ts'
import { nodeInstance } from '../fabric/ec2/node-interfaces.ts'
import type { NodeHint } from './ec2/region.ts'
import type { NodeTarget } from './node/transport.ts'

/** The nodes in a `nodes.json`; none where it is null or no such list. */
export function nodesIn(file: Uint8Array | null): readonly Node[] {
  if (file === null) return []
  const nodes = readKubernetes(memoryStore(new Map([[kubernetesFile('nodes'), file]])), 'nodes')
  return isGap(nodes) ? [] : nodes
}

/** What the nodes say of where they run. */
export function hintsOf(nodes: readonly Node[]): readonly NodeHint[] {
  return nodes.map((node) => ({
    name: nameOf(node),
    addresses: addressesOf(node, /IP$/),
    hostnames: addressesOf(node, /^(Hostname|InternalDNS)$/),
    providerId: node.spec?.providerID ?? null,
    region: node.metadata?.labels?.['topology.kubernetes.io/region'] ?? null,
  }))
}

/** Whether a node says that it is an EC2 instance: by its provider id, or by the UUID that EC2 gives (EC2 user guide, "Detect whether a host is an EC2 instance"). */
export function looksLikeEc2(nodes: readonly Node[]): boolean {
  return nodes.some(
    ({ spec, status }) =>
      spec?.providerID?.startsWith('aws:') === true ||
      /^ec2/i.test(status?.nodeInfo?.systemUUID ?? '') ||
      /^[0-9a-f]{4}2[0-9a-f]ec-/i.test(status?.nodeInfo?.systemUUID ?? ''),
  )
}

/**
 * By what a node is reached over SSH: one of its addresses; its name, which leaves that to the user's SSH configuration; the id of its EC2
 * instance, which a ProxyCommand over AWS Systems Manager wants.
 */
export type NodeAddress = 'internal' | 'external' | 'name' | 'instance'

/** What to connect to. A node without an address of that kind is reached by its name; one whose instance is not known, not at all. */
export function targetOf(node: Node, by: NodeAddress, evidence: Evidence): NodeTarget {
  if (by === 'instance') return instanceTarget(node, evidence)
  const type = { internal: /^InternalIP$/, external: /^ExternalIP$/, name: null }[by]
  return { node: nameOf(node), address: (type === null ? undefined : addressesOf(node, type)[0]) ?? nameOf(node) }
}

function instanceTarget(node: Node, evidence: Evidence): NodeTarget {
  const id = nodeInstance(evidence, node)
  const unreachable = isGap(id)
    ? `its EC2 instance is not known: ${id.reason}`
    : 'no EC2 instance of the account that was read is this node'
  return typeof id === 'string' ? { node: nameOf(node), address: id } : { node: nameOf(node), address: '', unreachable }
}

/** The node that this machine is: the one with its host name, else with one of its addresses; null where it is none. */
export function nodeHere(nodes: readonly Node[]): Node | null {
  const own = new Set(ownAddresses().map(({ address }) => address))
  const host = os.hostname()
  return (
    nodes.find((node) => nameOf(node) === host || addressesOf(node, /^Hostname$/).includes(host)) ??
    nodes.find((node) => addressesOf(node, /IP$/).some((address) => own.has(address))) ??
    null
  )
}

/** The same by its name, else this machine's host name by itself. */
export function thisNode(nodes: readonly Node[]): NodeTarget {
  const found = nodeHere(nodes)
  return { node: found === null ? os.hostname() : nameOf(found), address: '' }
}

/** The interface of this machine that has the first address of a node; null where none has. */
export function linkOfNode(node: Node): string | null {
  const [first] = addressesOf(node, /IP$/)
  return ownAddresses().find(({ address }) => address === first)?.link ?? null
}

const ownAddresses = (): readonly { readonly link: string; readonly address: string }[] =>
  Object.entries(os.networkInterfaces()).flatMap(([link, all]) =>
    (all ?? []).filter(({ internal }) => !internal).map(({ address }) => ({ link, address })),
  )

const nameOf = (node: Node): string => node.metadata?.name ?? ''

const addressesOf = (node: Node, type: RegExp): readonly string[] =>
  (node.status?.addresses ?? []).filter((one) => type.test(one.type ?? '')).flatMap(({ address }) => address ?? [])
