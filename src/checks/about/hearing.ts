import type { Evidence } from '../../evidence/evidence.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import { known } from '../../evidence/gap.ts'
import type { WithVip } from '../../evidence/question.ts'
import { cloudRemedies } from '../../fabric/cloud-remedies.ts'
import { fabricOf } from '../../fabric/index.ts'
import { announcing } from '../../lb/announcers.ts'
import type { Remedy } from '../../net/remedy.ts'
import { onNode, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { devicesFacing } from '../../node/arp-silence.ts'
import type { NodeState } from '../../node/node-state.ts'
import { hypervisorOf, type Hypervisor } from '../../node/hypervisor.ts'

/** The suspicions in a sentence, what shows them, and what to look at or to try. */
export interface Hearing {
  readonly says: string
  readonly proof: readonly Proof[]
  readonly remedies: readonly Remedy[]
}

/** A device by which a node that should answer for the VIP hears who asks. */
interface Ear {
  readonly node: string
  readonly device: string
  readonly deaf: 'wireless' | 'bridge' | null
  readonly hypervisor: Hypervisor | null
  readonly link: NodeState['links'][number] | undefined
}

/**
 * What is known of the devices at which requests for a VIP should be heard, where nobody answered them: a sentence (empty for nothing), and
 * what to look at or to try. A suspicion each, never a proof: what a driver, an access point or a hypervisor drops stands in no evidence.
 */
export function hearingOf(evidence: Evidence, question: WithVip): Hearing {
  const ears = earsOf(evidence, question)
  const deaf = ears.filter((one) => one.deaf !== null)
  const [guest] = ears.filter(({ hypervisor }) => hypervisor !== null)
  const { shows } = fabricOf(question).words
  const node = ears[0]?.node ?? evidence.nodeNames[0] ?? 'NODE'
  const network = shows?.(question.vip, node) ?? (guest === undefined ? {} : filteredBy(guest, question))
  const told = [...deaf.map(deafText), ...(guest === undefined || shows !== undefined ? [] : [guestText(guest)])]
  const promiscuous: Remedy = {
    summary: `let ${inWords([...new Set(deaf.map(({ device }) => device))])} take in every frame (promiscuous)`,
    commands: deaf.map((one) => onNode(one.node, sh`ip link set ${one.device} promisc on`)),
    changes:
      'Until the next boot; write it into the network’s configuration if it helps. A capture that is promiscuous itself (tcpdump without -p) lets the node answer for as long as it runs.',
  }
  return {
    says: told.map((one) => ` ${one}`).join(''),
    proof: [...new Set([...deaf, ...(guest === undefined ? [] : [guest])])].flatMap(({ link }) =>
      link === undefined ? [] : [cite(link, 'address')],
    ),
    remedies: [network, ...(deaf.length === 0 ? [] : [promiscuous])],
  }
}

/** The devices in the VIP's network of the nodes that announce it, or would be elected to. */
function earsOf(evidence: Evidence, question: WithVip): readonly Ear[] {
  const { observed, predicted } = announcing(evidence, question)
  const seen = known(observed) ?? []
  const nodes = seen.length > 0 ? seen : [known(predicted) ?? []].flat()
  return nodes.flatMap((node) =>
    devicesFacing(evidence, node, question.vip).map((device): Ear => {
      const link = (known(evidence.node(node).ipLink) ?? []).find(({ ifname }) => ifname === device)
      const promiscuous = link?.flags?.includes('PROMISC') === true
      const kind = wireless.test(device) ? 'wireless' : link?.linkinfo?.info_kind === 'bridge' ? 'bridge' : null
      return { node, device, deaf: promiscuous ? null : kind, hypervisor: hypervisorOf(link?.address ?? ''), link }
    }),
  )
}

/** Names that the kernel and udev give to wireless devices (systemd.net-naming-scheme(7)). */
const wireless = /^(wlan\d|wl[a-z]|wifi\d)/

const deafText = ({ node, device, deaf }: Ear): string =>
  deaf === 'wireless'
    ? `${node} hears requests by ${device}, a wireless device that is not promiscuous: some drivers and access points hand no broadcast to it then.`
    : `${node} hears requests by the bridge ${device}, which is not promiscuous: some are known to hand none to who listens there then.`

const guestText = ({ node, device, hypervisor }: Ear): string =>
  `${device} of ${node} is a virtual card of ${hypervisor ?? ''}, whose switch may refuse what a machine sends for an address that it does not know.`

/** What of a hypervisor's switch drops answers for an address of somebody else, and where it is set. */
function filteredBy({ node, hypervisor }: Ear, { vip }: WithVip): Remedy {
  if (hypervisor === 'VMware') return cloudRemedies.vsphere(vip, node)
  if (hypervisor === null) return {}
  return { advice: filters[hypervisor] }
}

/**
 * Sources: Proxmox VE documentation, "Firewall: IP Filters"; libvirt documentation, "Network Filters"; Microsoft documentation,
 * "Set-VMNetworkAdapter"; VirtualBox manual, "Bridged Networking".
 */
const filters: Readonly<Record<Exclude<Hypervisor, 'VMware'>, string>> = {
  Proxmox:
    'With the IP filter or the MAC filter on in the firewall of the machine Proxmox drops what it sends for other addresses: admit the VIP in its IP set ipfilter-net0, or switch the filter off.',
  QEMU: 'A network filter of libvirt (clean-traffic, no-arp-spoofing, no-ip-spoofing) drops what the machine sends for other addresses: virsh dumpxml DOMAIN shows filterref, and on Proxmox it is the firewall’s IP filter.',
  'Hyper-V':
    'Hyper-V drops frames from other hardware addresses unless MAC address spoofing is on (Set-VMNetworkAdapter -MacAddressSpoofing On), as for kube-vip inside a nested machine.',
  VirtualBox: 'A bridged adapter needs its promiscuous mode set to allow; behind NAT no host finds the machine by ARP.',
}
