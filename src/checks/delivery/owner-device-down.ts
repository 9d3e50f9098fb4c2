import { cite, citeFile, citeLine } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import type { WithVip } from '../../evidence/question.ts'
import { linksOfInterface, vpcDelivery } from '../../fabric/ec2/delivery.ts'
import { interfacesOfNode } from '../../fabric/ec2/node-interfaces.ts'
import { interfaceText } from '../../fabric/ec2/words.ts'
import { parseAddress } from '../../net/address.ts'
import { sh } from '../../net/shell.ts'
import { isDown } from '../../node/devices.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/owner-device-down',
  after: 'delivery/owner-detached',
  title: 'The interface that gets the packets is up in its node’s system',
  needs: ['aws/network-interfaces', 'aws/subnets', 'node/ip-link'],
  alsoReads: ['aws/vpcs', 'aws/route-tables', 'kubernetes/nodes', 'node/ip-addr', 'node/sysctl'],
  on: ['ec2'],
  blocks: true,
  each: 'receiving',
  run,
  docs: {
    means:
      'The account has the interface attached, and the VPC hands it the packets; in the node’s system the link with its MAC is down or absent, so nobody takes them. An interface that was attached later is often brought up by nobody. One that is up and has no address is not configured either: the kernel takes packets there only while the reverse path filter is off.',
    byHand:
      'aws ec2 describe-network-interfaces shows MacAddress; on the node ip -br link shows the link with that MAC, and its state.',
    mend: 'Bring the link up and give it its address, in the configuration that the next boot reads (netplan, systemd-networkd, NetworkManager; amazon-ec2-net-utils does it by itself), or move the VIP to the first interface.',
    sources: [
      'Amazon EC2 User Guide, "Elastic network interfaces" (configuring a secondary interface)',
      'Linux net/ipv4/fib_frontend.c (__fib_validate_source)',
    ],
  },
})

function run({ evidence, question, node }: VipNodeContext): readonly Draft[] {
  const { vip } = question
  const delivery = vpcDelivery(evidence, question)
  const subject = `node/${node}`
  if (isGap(delivery))
    return [
      unknown(
        'interface-not-known',
        subject,
        said('interface not known', `It is not known which interface gets packets for ${vip.text}.`),
        [delivery],
      ),
    ]
  if (delivery.by === 'nobody' || delivery.node !== node)
    return [
      skipped(
        'not-its-interface',
        subject,
        said('no interface of the node gets it', `No interface of ${node} gets packets for ${vip.text}.`),
      ),
    ]
  const links = known(evidence.node(node).ipLink) ?? []
  const eni = delivery.interface
  const name = interfaceText(evidence, eni)
  const [link] = linksOfInterface(eni, links)
  if (link?.ifname === undefined) {
    const others = (known(interfacesOfNode(evidence, node, question.vpcId)) ?? []).filter(
      (one) => linksOfInterface(one, links).length > 0,
    )
    const says = `No link of ${node} has the MAC of ${name}, ${eni.MacAddress ?? 'which is not known'}, which gets the packets for ${vip.text}`
    // Where no interface of the node is found, the listing may be another machine's.
    if (eni.MacAddress === undefined || others.length === 0)
      return [
        unknown(
          'links-do-not-match',
          subject,
          said('the node’s links are not its interfaces', `${says}, nor that of another of its interfaces.`),
          [],
        ),
      ]
    return [
      fail(
        'absent',
        subject,
        said(
          'the owning interface is not in the system',
          `${says}: the system has not taken the interface, or gave it away.`,
        ),
        [cite(eni, 'MacAddress'), citeFile(nodeFile(node, 'ipLink'), `no link with ${eni.MacAddress}`)],
        {
          look: [sh`ssh ${node} ip -br link`, sh`ssh ${node} sudo dmesg`],
          advice: `Move ${vip.text} to an interface that ${node} uses, or give it the link back (a pod, a container or DPDK may have taken it).`,
        },
      ),
    ]
  }
  const proof = [cite(eni, 'MacAddress'), cite(link, link.operstate === undefined ? 'flags' : 'operstate')]
  if (isDown(link))
    return [
      fail(
        'down',
        subject,
        said(
          'the owning interface is down',
          `${link.ifname} of ${node}, which is ${name} and gets the packets for ${vip.text}, is down.`,
        ),
        proof,
        {
          summary: `bring ${link.ifname} up`,
          commands: [sh`ssh ${node} sudo ip link set ${link.ifname} up`],
          changes: `${link.ifname} takes packets again until the next boot. It also needs its address and its routes, in the configuration of the system.`,
        },
      ),
    ]
  return [
    unconfigured(evidence, question, node, link.ifname) ??
      pass(
        'up',
        subject,
        said('the owning interface is up', `${link.ifname} of ${node}, which is ${name}, is up.`),
        proof,
      ),
  ]
}

/** A device without an address: strict and loose mode of the reverse path filter both drop what comes in by it (measured; __fib_validate_source). */
function unconfigured(evidence: Evidence, { vip }: WithVip, node: string, device: string): Draft | null {
  const here = known(evidence.node(node).ipAddr)?.find(({ ifname }) => ifname === device)
  const held = (here?.addr_info ?? []).filter(({ local }) => parseAddress(local)?.family === 4)
  if (vip.family !== 4 || here === undefined || held.length > 0) return null
  const sysctl = known(evidence.node(node).sysctl)
  const names = ['all', device].map((one) => `net.ipv4.conf.${one}.rp_filter`)
  const set = names.filter((one) => Number(sysctl?.values.get(one) ?? 0) > 0)
  const says = `${device} of ${node}, which gets the packets for ${vip.text}, is up and has no address`
  const proof = [cite(here, 'addr_info')]
  const remedy = {
    look: [sh`ssh ${node} ip -br addr`, sh`ssh ${node} ip route show table all dev ${device}`],
    advice: `Give ${device} its address and its routes in the configuration of the system, or move ${vip.text} to an interface that has them.`,
  }
  const lines = set.flatMap((one) => {
    const line = sysctl?.lines.get(one)
    return sysctl === null || line === undefined
      ? []
      : [citeLine(sysctl.file, line, `${one} = ${sysctl.values.get(one) ?? ''}`)]
  })
  return set.length > 0
    ? fail(
        'not-configured',
        `node/${node}`,
        said('the owning interface has no address', `${says}: its reverse path filter drops what comes in by it.`),
        [...proof, ...lines],
        remedy,
      )
    : warn(
        'not-configured',
        `node/${node}`,
        said('the owning interface has no address', `${says}: answers leave by another interface.`),
        proof,
        {
          fix: remedy,
          blocks: false,
        },
      )
}
