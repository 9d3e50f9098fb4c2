import { cite, citeList } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { announcing } from '../../lb/announcers.ts'
import { podsServing } from '../../lb/kube-vip/pods.ts'
import { boundAnywhere, boundOn, type Bound } from '../../lb/kube-vip/bound.ts'
import { toldInterface } from '../../lb/kube-vip/interface.ts'
import { unreadAmong } from '../../lb/kube-vip/nodes.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { cidrOf, rangeHas } from '../../net/range.ts'
import { sh, type Command } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { arpSilence, devicesFacing, type ArpSilence } from '../../node/arp-silence.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/kube-vip-interface',
  after: 'announcement/kube-vip-lease',
  title: 'kube-vip’s leader has the VIP on an interface that answers for it',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/leases', 'kubernetes/nodes', 'node/ip-addr', 'node/sysctl'],
  announcer: 'kube-vip',
  appliesTo: (context) => {
    const [first] = podsServing(context.evidence, context.question)
    return first?.settings.modes[0] === 'arp' || 'Only by ARP does kube-vip need the VIP on an interface.'
  },
  blocks: true,
  consequenceOf: ['announcement/kube-vip-lease', 'control/kube-vip'],
  run: (context) => {
    const { evidence, question } = context
    const { vip } = question
    const { observed, eligible } = announcing(evidence, question)
    const able = known(eligible) ?? []
    if (isGap(observed))
      return [
        unknown(
          'leader-not-known',
          `vip/${vip.text}`,
          said('which node holds it is not known', `It is not known which node holds ${vip.text}.`),
          [observed],
        ),
      ]
    if (observed.length > 0) return observed.map((node) => onLeader(context, node, vip))
    const unread = unreadAmong(evidence, able)
    if (unread.length > 0)
      return [
        unknown(
          'binding-not-known',
          `vip/${vip.text}`,
          said('whether a node holds it is not known', `It is not known whether a node still holds ${vip.text}.`),
          unread,
        ),
      ]
    return [
      fail(
        'no-leader',
        `vip/${vip.text}`,
        said(
          'no node holds it: kube-vip has no leader',
          `No node holds ${vip.text}: kube-vip has no leader that would put it on an interface.`,
        ),
        able.slice(0, 4).map((node) => citeList(nodeFile(node, 'ipAddr'), '', `no interface with ${vip.text}`)),
        { look: ['kubectl get leases -A'] },
        { blocks: stops(context) },
      ),
    ]
  },
  docs: {
    means:
      'By ARP, kube-vip’s leader puts the VIP on an interface and the kernel answers for it. It is on none (the interface that kube-vip is told to use does not exist there, or it may not change addresses), on one that is down, on the loopback or on another interface than the one in its subnet, by which its neighbours ask, under an arp_ignore with which the kernel keeps silent, or on an interface of another subnet. On EC2 nobody asks by ARP: there it matters only that the node has the address, for a VIP of the control plane.',
    byHand:
      'On the leader: ip address | grep VIP. Since kube-vip 1.0 the address is marked deprecated, which is normal: the kernel does not choose it as a source. sysctl net.ipv4.conf.all.arp_ignore.',
    mend: 'Set vip_interface (vip_servicesinterface for Services, or the annotation kube-vip.io/serviceInterface) to an interface that each of its nodes has in the VIP’s subnet; give the container NET_ADMIN and NET_RAW.',
    sources: [
      'kube-vip v1.2.3 pkg/vip/address.go, pkg/vip/arp.go',
      'Linux kernel Documentation/networking/ip-sysctl.rst (arp_ignore)',
      'kube-vip issue 1114',
    ],
  },
})

/** Where the node that lacks the address stops the packet: on a LAN nobody answers ARP; a control-plane VIP is delivered to a local address only. */
const stops = ({ question }: VipContext): boolean => hangsOnAnnouncement(question) || question.about !== 'service'

function onLeader(context: VipContext, node: string, vip: Address): Draft {
  const { evidence, question } = context
  const subject = `node/${node}`
  const links = evidence.node(node).ipAddr
  if (isGap(links))
    return unknown(
      'leader-not-read',
      subject,
      said(
        'the addresses of the leader are not known',
        `It is not known whether ${node}, which leads, has ${vip.text} on an interface.`,
      ),
      [links],
    )
  const own = podsServing(evidence, question).find((pod) => pod.node === node)
  const told = own === undefined ? null : toldInterface(own, question)
  const [bound] = boundOn(evidence, node, vip) ?? []
  const { namespace = 'kube-system', name: pod } = own?.pod.metadata ?? {}
  const look: readonly Command[] = [
    sh`ssh ${node} sudo ip -brief address`,
    ...(own === undefined ? [] : [sh`kubectl -n ${namespace} logs ${pod} --tail=50`]),
  ]
  const names = links.flatMap(({ ifname }) => ifname ?? [])
  if (bound === undefined) {
    const nowhere = citeList(nodeFile(node, 'ipAddr'), '', `no interface with ${vip.text}`)
    const missing = told !== null && !names.includes(told.name)
    const why = missing
      ? `: ${told.by} names ${told.name}, and ${node} has ${inWords(names)}`
      : told === null
        ? ''
        : ` (${told.by} is ${told.name})`
    const others = boundAnywhere(evidence, vip).filter((one) => one.node !== node)
    const elsewhere = others.length === 0 ? '' : `; ${inWords(others.map((one) => one.node))} has it`
    return fail(
      'not-bound',
      subject,
      said(
        'no interface of its leader has it',
        `kube-vip leads on ${node}, but no interface there has ${vip.text}${why}${elsewhere}.`,
      ),
      [nowhere, ...others.map(({ proof }) => proof)],
      missing ? { look, advice: `Let ${told.by} name an interface that ${node} has.` } : { look },
      { blocks: stops(context) },
    )
  }
  const link = links.find(({ ifname }) => ifname === bound.interface)
  const facing = devicesFacing(evidence, node, vip)
  // The kernel keeps the address of a device that is down, and answers for it by the device at which it is asked.
  if (link?.operstate === 'DOWN' && (facing.length === 0 || facing.includes(bound.interface)))
    return fail(
      'interface-down',
      subject,
      said('the interface that has it is down', `${node} has ${vip.text} on ${bound.interface}, which is down.`),
      [bound.proof, cite(link, 'operstate')],
      {
        summary: `bring ${bound.interface} of ${node} up`,
        commands: [sh`ssh ${node} sudo ip link set ${bound.interface} up`],
        changes: 'It carries frames again until the next boot, when the network configuration of the node decides.',
      },
      { blocks: stops(context) },
    )
  const silence = hangsOnAnnouncement(question) ? arpSilence(evidence, node, vip, bound.interface) : null
  if (silence !== null) return silent(node, vip, bound, silence)
  const prefixes = (link?.addr_info ?? []).flatMap(({ local, prefixlen }) => {
    const address = parseAddress(local)
    return address?.family !== vip.family || prefixlen === undefined || isHost(address, prefixlen)
      ? []
      : [cidrOf(address, prefixlen)]
  })
  if (
    hangsOnAnnouncement(question) &&
    facing.length > 0 &&
    !facing.includes(bound.interface) &&
    bound.interface !== 'lo'
  )
    return warn(
      'other-interface',
      subject,
      said(
        'it is on another interface than its network',
        `${node} has ${vip.text} on ${bound.interface}, and its neighbours ask for it by ${inWords(facing)}: the kernel answers there only as long as arp_ignore is 0, which kube-proxy’s strictARP changes.`,
      ),
      [bound.proof],
      { fix: { look, ...moveTo(facing) } },
    )
  if (hangsOnAnnouncement(question) && bound.interface !== 'lo' && !prefixes.some((cidr) => rangeHas(cidr, vip)))
    return warn(
      'subnet-mismatch',
      subject,
      said(
        'it lies outside the subnet of its interface',
        `${node} has ${vip.text} on ${bound.interface}, whose subnet ${prefixes.length === 0 ? 'is not known' : `is ${inWords(prefixes.map(({ text }) => text))}`}: clients find it by ARP only in the VIP's own subnet.`,
      ),
      [bound.proof],
      { fix: { look } },
    )
  return pass(
    'bound',
    subject,
    said(
      `${node} has it on ${bound.interface}`,
      `${node} leads and has ${vip.text} on ${bound.interface}${bound.deprecated ? ', deprecated as kube-vip puts it there' : ''}.`,
    ),
    [bound.proof],
  )
}

const isHost = ({ family }: Address, prefix: number): boolean => prefix === (family === 4 ? 32 : 128)

/** The kernel has the address and keeps silent about it. */
function silent(node: string, vip: Address, bound: Bound, { asked, settings }: ArpSilence): Draft {
  const [first] = settings
  const why =
    bound.interface === 'lo'
      ? 'the address is on the loopback, and '
      : asked === bound.interface
        ? ''
        : `requests come in by ${asked}, and `
  const answering = asked === bound.interface ? '1' : '0'
  return fail(
    'arp-silent',
    `node/${node}`,
    said(
      'the node that has it does not answer ARP for it',
      `${node} has ${vip.text} on ${bound.interface} and does not answer ARP for it: ${why}${first?.name ?? ''} is ${String(first?.value ?? 0)}.`,
    ),
    [bound.proof, ...settings.map(({ proof }) => proof)],
    {
      summary: `let ${node} answer ARP for it`,
      commands: settings.map(({ name }) => sh`ssh ${node} sudo sysctl -w ${name}=${answering}`),
      changes:
        'Until the next boot the kernel answers ARP for this address, and for its other addresses under the same rule; kube-proxy in IPVS mode with strictARP sets it to 1 again.',
      ...moveTo([asked]),
    },
  )
}

const moveTo = (devices: readonly string[]): { readonly advice: string } => ({
  advice: `Put the VIP on the interface of the clients’ segment: vip_interface (vip_servicesinterface for Services) or the annotation kube-vip.io/serviceInterface set to ${inWords(devices)}.`,
})
