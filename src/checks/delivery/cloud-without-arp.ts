import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { openstackPorts, readOpenstackPorts, type OpenstackPort } from '../../evidence/openstack.ts'
import { isAtNodePort } from '../../evidence/question.ts'
import { nodeWithAddress } from '../../journey/address-of-node.ts'
import { announcing } from '../../lb/announcers.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { parseCidrOrAddress, rangeHas } from '../../net/range.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { addressOfNode } from '../../node/vip-trace.ts'
import { cloudNames } from '../../fabric/clouds.ts'
import { fabricOf } from '../../fabric/index.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'delivery/cloud-without-arp',
  title: 'The cloud hands the VIP to a machine of the cluster',
  needs: ['kubernetes/nodes'],
  on: cloudNames,
  appliesTo: ({ evidence, question }) =>
    !(isAtNodePort(question) && nodeWithAddress(evidence, question.vip) !== null) ||
    'The address is a node’s own, which every network delivers.',
  blocks: true,
  run,
  docs: {
    means:
      'The nodes are machines of a cloud or hypervisor whose network filters or routes addresses by its own rules: an ARP or NDP announcement delivers nothing there unless its API gave the address to that machine (an allowed address pair, an alias, a secondary address, a route), or its network is a plain layer 2 one. That is in no evidence of the cluster, so the verdict is inconclusive, and the cloud’s own tool is the first step.',
    byHand:
      'The commands that the finding prints. A capture on a node: requests for the VIP that never come, or answers that nobody gets, mean that the network drops them. From the node itself every VIP works, which proves nothing.',
    mend: 'Let the cloud hand the address to the nodes: openstack port set --allowed-address, a secondary IP configuration, an alias range, a reserved or floating IP; or put the cloud’s own load balancer before the NodePorts. Where its network is known to carry ARP (a vSwitch, a VLAN, a vSphere port group), say --fabric lan.',
    sources: [
      'MetalLB documentation, "Installation: Cloud Compatibility"',
      'OpenStack Neutron documentation, "Allowed Address Pairs"; VMware documentation, "Securing vSphere Standard Switches"',
      'Microsoft Azure documentation, "Azure Virtual Network FAQ"; Google Cloud documentation, "Alias IP ranges"',
    ],
  },
})

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const { vip } = question
  const { name, unclear = '', shows } = fabricOf(question).words
  const announced = announcing(evidence, question)
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const seen = known(announced.observed) ?? []
  const elected = seen.length > 0 ? seen : [known(announced.predicted) ?? []].flat()
  const fix = shows?.(vip, elected[0] ?? nodes[0]?.metadata?.name ?? 'NODE') ?? {}
  const ports = question.fabric === 'openstack' ? byPorts(evidence, vip, elected, fix) : null
  if (ports !== null) return ports
  const named = nodes.filter(({ spec }) => spec?.providerID !== undefined)
  return [
    unknown(
      'cloud-decides',
      `vip/${vip.text}`,
      said(`${name} decides who gets it`, unclear.replace('%', vip.text)),
      [],
      named.slice(0, 4).map((one) => cite(one, 'spec', 'providerID')),
      { fix },
    ),
  ]
}

/**
 * What Neutron's ports let through: the addresses of their own and of their allowed pairs, or everything where port security is off (Neutron
 * documentation, "Allowed Address Pairs"). Null where no port of a node that may announce is in the evidence.
 */
function byPorts(evidence: Evidence, vip: Address, elected: readonly string[], look: Remedy): readonly Draft[] | null {
  const ports = known(readOpenstackPorts(evidence)) ?? []
  const may =
    elected.length > 0
      ? elected
      : (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  const own = may.flatMap((node) => {
    const address = addressOfNode(evidence, node, vip.family)?.text
    const port = ports.find(({ addresses }) => addresses.some((text) => parseAddress(text)?.text === address))
    return port === undefined || (port.secured === null && port.pairs.length === 0) ? [] : [{ node, port }]
  })
  if (own.length < may.length || own.length === 0) return null
  const lets = ({ addresses, pairs, secured }: OpenstackPort): boolean =>
    secured === false ||
    [...addresses, ...pairs].some((text) => {
      const range = parseCidrOrAddress(text)
      return range !== null && rangeHas(range, vip)
    })
  const shut = own.filter(({ port }) => !lets(port))
  const subject = `vip/${vip.text}`
  const proofOf = (of: typeof own) =>
    of.slice(0, 4).map(({ port }) => ({
      file: openstackPorts,
      pointer: port.pointer,
      value: `allowed address pairs: ${inWords(port.pairs) || 'none'}`,
    }))
  if (shut.length > 0) {
    const says = `Port security of OpenStack drops what ${inWords(shut.map(({ node }) => node))} ${shut.length === 1 ? 'sends' : 'send'} and ${shut.length === 1 ? 'gets' : 'get'} for ${vip.text}: it is none of the allowed address pairs of ${inWords(shut.map(({ port }) => port.id))}.`
    const fix = {
      summary: 'allow the VIP on the nodes’ ports',
      commands: shut.map(({ port }) => sh`openstack port set --allowed-address ip-address=${vip.text} ${port.id}`),
      changes:
        'The port then sends and takes packets and ARP for the VIP, too; its security groups still decide which.',
    }
    return [fail('not-allowed', subject, said('port security drops it', says), proofOf(shut), fix)]
  }
  return [
    pass(
      'allowed',
      subject,
      said(
        'port security lets it through',
        `The ports of ${inWords(own.map(({ node }) => node))} may use ${vip.text}.`,
      ),
      proofOf(own),
    ),
    unknown(
      'groups-not-known',
      subject,
      said(
        'security groups are not known',
        `Whether the security groups of those ports admit the packet is not in the evidence.`,
      ),
      [],
      [],
      { fix: look },
    ),
  ]
}
