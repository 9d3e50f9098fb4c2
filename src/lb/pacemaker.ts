import { citeLine } from '../evidence/cite.ts'
import { known } from '../evidence/gap.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import { sameAddress } from '../net/address.ts'
import { sh } from '../net/shell.ts'
import { announcerOf, type HostHolder } from './host-holder.ts'

/** Pacemaker on hosts, whose resource IPaddr2 puts an address on an interface of one of the nodes that its CIB names. */
export const pacemakerHolder: HostHolder<'Pacemaker'> = {
  name: 'Pacemaker',
  unit: 'pacemaker',
  // Corosync is that by which its nodes know each other.
  programs: ['pacemakerd', 'pacemaker-execd', 'corosync'],
  configuredOn: (evidence, node, vip) => {
    const cib = known(evidence.node(node).pacemakerCib)
    const own = cib?.addresses.find(({ address }) => sameAddress(address, vip))
    if (cib === null || own === undefined) return null
    return { proof: citeLine(nodeFile(node, 'pacemakerCib'), own.line, own.tag), members: cib.members }
  },
  words: {
    habit: 'Pacemaker’s IPaddr2 announces an address when it starts on a node; later silence is its habit.',
    takes: (vip) => `Pacemaker gives ${vip} to one of its nodes.`,
    idle: {
      brief: 'Pacemaker’s resource runs on no node',
      why: 'its resource runs on no node',
      advice:
        'A resource runs nowhere without quorum, where fencing has failed, where constraints leave no node, or where its agent could not start: crm_mon shows which. When that is mended, crm_resource --cleanup lets Pacemaker try again.',
    },
    twice: {
      why: 'Each part of Pacemaker’s cluster takes the other for dead, unless the resource is a clone.',
      advice:
        'Each must hear the others: let Corosync (udp/5405) through the firewalls between them, and leave fencing on, so that a part without quorum gives its addresses up.',
      look: (node) => [sh`ssh ${node} sudo crm_mon --one-shot`, sh`ssh ${node} sudo corosync-quorumtool -s`],
    },
    journal: (node) => sh`ssh ${node} sudo crm_mon --one-shot --inactive --failcounts`,
    release: {
      look: (node, vip) => sh`ssh ${node} 'sudo cibadmin --query | grep -F ${vip}'`,
      advice: () =>
        'Stop the resource that has the VIP (pcs resource disable, crm resource stop), or let the other system serve another address.',
    },
  },
}

/** Pacemaker as an announcer. */
export const pacemaker = announcerOf(pacemakerHolder)
