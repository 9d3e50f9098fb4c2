import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { linksOfInterface, vpcDelivery } from '../fabric/ec2/delivery.ts'
import { fabricOf } from '../fabric/index.ts'
import { announcing } from '../lb/announcers.ts'
import type { Address } from '../net/address.ts'
import { parseCidr, rangeHas } from '../net/range.ts'
import { isInner, networksOfNode } from '../node/networks.ts'
import type { NodeState } from '../node/node-state.ts'

/**
 * The devices by which the network hands a node packets for the VIP. In a VPC the link of the interface that owns the VIP, or that a route
 * names; on a LAN, where ARP or NDP finds the node, those whose network holds the VIP, else the one on which it is bound. Several where
 * nothing tells them apart: where what would tell was not read, all that lead out of the node. None where nothing tells.
 */
export function arrivalDevices(evidence: Evidence, question: Question, state: NodeState): readonly string[] {
  const { vip } = question
  if (vip === null) return []
  switch (fabricOf(question).delivery) {
    case 'ownership':
      return inVpc(evidence, question, state)
    case 'announcement':
      return byBgpAlone(evidence, question, state.node) ? [] : onLan(evidence, vip, state)
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

/** A router sends what it learnt by BGP to the next hop, whatever network the VIP lies in. */
function byBgpAlone(evidence: Evidence, question: Question, node: string): boolean {
  const { byBgp, observed, predicted } = announcing(evidence, question)
  return known(byBgp)?.includes(node) === true && known(observed)?.includes(node) !== true && known(predicted) !== node
}

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
