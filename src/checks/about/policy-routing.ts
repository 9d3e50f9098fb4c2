import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { addressOf, parseAddress, type Family } from '../../net/address.ts'
import type { Remedy } from '../../net/remedy.ts'
import { onNode, sh } from '../../net/shell.ts'
import { networksOfNode, type NodeNetwork } from '../../node/networks.ts'

/** A bit that neither kube-proxy (0x4000, 0x8000) nor Cilium, Calico (0xffff0000) or the VPC CNI (0x80) takes. */
const mark = '0x10/0x10'
const table = 116

/**
 * Sends the answers of a VIP out of the device that its packets come in by. The way of an answer is chosen before its source is turned back
 * into the VIP, so no rule from the VIP would meet it: a mark on the connection does. What the node itself answers passes OUTPUT instead of
 * PREROUTING. Without lines where the device's gateway is not known.
 */
export function policyRouting(
  evidence: Evidence,
  { vip, fabric }: Pick<Question, 'vip' | 'fabric'>,
  node: string,
  device: string,
  answeredBy: 'pod' | 'node',
): Remedy {
  const advice =
    'The lines last until the next boot. To keep them, write the routes and the rule into the network configuration of the device (netplan: routes and routing-policy with table and mark; systemd-networkd: [Route] Table= and [RoutingPolicyRule] FirewallMark=; NetworkManager: ipv4.routes with table= and ipv4.routing-rules), and the mangle rules and the sysctl where the node keeps its own.'
  const family = vip?.family ?? 4
  const network = known(networksOfNode(evidence, node))?.find(
    (one) => one.device === device && one.cidr.family === family,
  )
  const gateway = gatewayOf(evidence, node, device, family) ?? (fabric === 'ec2' ? firstHost(network) : null)
  if (vip === null || network === undefined || gateway === null)
    return {
      look: [sh`ssh ${node} ip route show table all dev ${device}`, sh`ssh ${node} ip rule`],
      advice: `Give ${node} a routing table whose default route is the gateway of ${device}, and send the answers there by a mark on the connections that come in by ${device}. ${advice}`,
    }
  const ip = family === 4 ? sh`ip` : sh`ip -6`
  const iptables = family === 4 ? 'iptables' : 'ip6tables'
  const answers = answeredBy === 'pod' ? 'PREROUTING' : 'OUTPUT'
  return {
    summary: `answer out of ${device} on ${node}`,
    commands: [
      sh`${ip} route replace ${network.cidr.text} dev ${device} table ${table}`,
      sh`${ip} route replace default via ${gateway} dev ${device} table ${table}`,
      sh`${ip} rule add fwmark ${mark} lookup ${table} priority 1000`,
      sh`${iptables} -t mangle -A PREROUTING -i ${device} -d ${vip.text} -j CONNMARK --set-xmark ${mark}`,
      sh`${iptables} -t mangle -A ${answers} -m conntrack --ctdir REPLY -j CONNMARK --restore-mark --nfmask 0x10 --ctmask 0x10`,
      ...(family === 4 ? [sh`sysctl -w net.ipv4.conf.${device}.rp_filter=2`] : []),
    ].map((line) => onNode(node, line)),
    changes: `Until the next boot answers of connections to ${vip.text} leave ${node} by ${device}, and ${device} takes packets whose source any device leads back to. Loose mode alone is not enough: the answer would leave by the other device.`,
    advice,
  }
}

function gatewayOf(evidence: Evidence, node: string, device: string, family: Family): string | null {
  const routes = known(evidence.node(node).ipRoute) ?? []
  const gateways = routes.flatMap(({ dst, dev, gateway }) =>
    dst === 'default' && dev === device && parseAddress(gateway)?.family === family ? (gateway ?? []) : [],
  )
  return gateways[0] ?? null
}

/** The VPC's router has the first address of each IPv4 subnet behind the network's own (VPC User Guide, "Subnet CIDR blocks"). */
const firstHost = (network: NodeNetwork | undefined): string | null =>
  network?.cidr.family === 4 ? addressOf(4, network.cidr.first + 1n).text : null
