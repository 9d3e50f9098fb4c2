import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { nodesByName } from '../evidence/kubernetes/nodes-by-name.ts'
import { serviceOf, type Question } from '../evidence/question.ts'
import { linksOfInterface, vpcDelivery } from '../fabric/ec2/delivery.ts'
import { fabricOf } from '../fabric/index.ts'
import { announcing, isServedBy } from '../lb/announcers.ts'
import { allows, l2AdvertisementsFor } from '../lb/metallb/advertisements.ts'
import { bgpSpeakers } from '../lb/metallb/bgp.ts'
import { observedByMetallb } from '../lb/metallb/observed.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { parseCidr, rangeHas } from '../net/range.ts'
import { isInner, networksOfNode } from '../node/networks.ts'
import type { NodeState } from '../node/node-state.ts'
import { lookUpRoute } from '../node/trace/route.ts'
import { bgpSession } from './bgp-sessions.ts'

/**
 * The devices by which the network hands a node packets for the VIP. In a VPC the link of the interface that owns the VIP, or that a route
 * names; on a LAN, where ARP or NDP finds the node, those whose network holds the VIP, else the one on which it is bound, of these the ones on
 * which MetalLB's L2Advertisements let it answer; by BGP those of the sessions. Several where nothing tells them apart: where what would tell
 * was not read, all that lead out of the node. None where nothing tells.
 */
export function arrivalDevices(evidence: Evidence, question: Question, state: NodeState): readonly string[] {
  const { vip } = question
  if (vip === null) return []
  switch (fabricOf(question).delivery) {
    case 'ownership':
      return inVpc(evidence, question, state)
    case 'announcement':
      return byBgpAlone(evidence, question, state.node)
        ? byBgp(evidence, question, state)
        : among(announcingOn(evidence, question, state), onLan(evidence, vip, state))
    case 'unknown':
      return leadingOut(state)
  }
}

function inVpc(evidence: Evidence, question: Question, state: NodeState): readonly string[] {
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery) || isGap(evidence.node(state.node).ipLink)) return leadingOut(state)
  return delivery.by === 'nobody' || delivery.node !== state.node
    ? []
    : linksOfInterface(delivery.interface, state.links).flatMap(({ ifname }) => ifname ?? [])
}

/** Whether a node announces the VIP by BGP and not by ARP: a router sends what it learnt so to the next hop, whatever network the VIP lies in. */
export function byBgpAlone(evidence: Evidence, question: Question, node: string): boolean {
  const { byBgp, observed, predicted } = announcing(evidence, question)
  if (known(byBgp)?.includes(node) !== true) return false
  const service = serviceOf(question)
  // What MetalLB's speakers report of BGP is observed, too.
  const byArp =
    service !== null && isServedBy('MetalLB', evidence, question)
      ? known(observedByMetallb(evidence, service))?.map((one) => one.node)
      : known(observed)
  return byArp?.includes(node) !== true && known(predicted) !== node
}

/** The devices by which a node's sessions reach their peers: the next hop that a router learns is the node's address there. */
function byBgp(evidence: Evidence, question: Question, state: NodeState): readonly string[] {
  if (!isServedBy('MetalLB', evidence, question)) return []
  const speaker = known(bgpSpeakers(evidence, question))?.find(({ node }) => node === state.node)
  const devices = (speaker?.peers ?? []).map((peer) => {
    const { spec } = peer
    if (known(bgpSession(evidence, state.node, peer))?.up === false) return []
    // Which device has a source address or a routing table that is named is not looked for.
    if ((spec?.vrf ?? '') !== '' || (spec?.sourceAddress ?? '') !== '') return null
    const address = parseAddress(spec?.peerAddress)
    if (address === null) return spec?.interface === undefined ? null : [spec.interface]
    const way = lookUpRoute(state, { source: address, destination: address, mark: 0, inDevice: null })
    return way?.type === 'unicast' && way.device !== null ? [way.device] : null
  })
  return devices.includes(null) ? [] : [...new Set(devices.flatMap((one) => one ?? []))]
}

/** The interfaces to which MetalLB's L2Advertisements keep its answers on a node; null for all. */
function announcingOn(evidence: Evidence, question: Question, { node }: NodeState): ReadonlySet<string> | null {
  const object = nodesByName(evidence).get(node)
  if (object === undefined || !isServedBy('MetalLB', evidence, question)) return null
  const own = (known(l2AdvertisementsFor(evidence, question)) ?? []).filter((one) => allows(one, object))
  const listed = own.map(({ spec }) => spec?.interfaces ?? [])
  return listed.length === 0 || listed.some((one) => one.length === 0) ? null : new Set(listed.flat())
}

const among = (only: ReadonlySet<string> | null, devices: readonly string[]): readonly string[] =>
  only === null ? devices : devices.filter((device) => only.has(device))

function onLan(evidence: Evidence, vip: Address, state: NodeState): readonly string[] {
  const { node, addresses } = state
  const networks = networksOfNode(evidence, node)
  if (isGap(networks)) return leadingOut(state)
  const facing = networks.flatMap(({ device, cidr }) => (rangeHas(cidr, vip) ? [device] : []))
  if (facing.length > 0) return [...new Set(facing)]
  return addresses.flatMap(({ ifname = '', addr_info }) =>
    !isInner(ifname) && (addr_info ?? []).some(({ local }) => local === vip.text) ? [ifname] : [],
  )
}

/** The devices behind which other hosts may be, by the node's routes and addresses. */
function leadingOut({ routes, addresses, family }: NodeState): readonly string[] {
  const routed = routes.flatMap(({ dev, dst }) => (dst === 'default' || parseCidr(dst)?.family === family ? [dev] : []))
  const addressed = addresses.flatMap(({ ifname, addr_info }) =>
    (addr_info ?? []).some(({ scope }) => scope === 'global') ? [ifname] : [],
  )
  return [...new Set([...routed, ...addressed].flatMap((name) => (name === undefined || isInner(name) ? [] : [name])))]
}
