import { citeLine } from '../evidence/cite.ts'
import { known } from '../evidence/gap.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import { sameAddress } from '../net/address.ts'
import { sh } from '../net/shell.ts'
import type { Announcer } from './announcer.ts'
import { running } from './by-marks.ts'
import { announcerOf, type HostHolder } from './host-holder.ts'

/** keepalived on hosts, whose master by VRRP has the addresses of an instance. */
export const keepalivedHolder: HostHolder<'keepalived'> = {
  name: 'keepalived',
  unit: 'keepalived',
  programs: ['keepalived'],
  configuredOn: (evidence, node, vip) => {
    const conf = known(evidence.node(node).keepalivedConf)
    const own = conf?.instances.flatMap(({ addresses }) => addresses).find(({ address }) => sameAddress(address, vip))
    if (conf === null || own === undefined) return null
    const proof = citeLine(nodeFile(node, 'keepalivedConf'), own.line, conf.text.split(/\r?\n/)[own.line - 1] ?? '')
    return { proof, members: [] }
  },
  words: {
    habit: 'keepalived announces an address when its node becomes master; later silence is its habit.',
    takes: (vip) => `The node with the highest priority takes ${vip}.`,
    idle: {
      brief: 'no instance of keepalived is master',
      why: 'no instance is master',
      advice:
        'An instance in FAULT state waits for its interface or for its check script: mend what the journal names, and one becomes master.',
    },
    // An instance that hears no advertisement becomes master: what is between them drops VRRP, or they do not speak to each other.
    twice: {
      why: 'Each instance of keepalived takes itself for the master: VRRP does not come from one to the other.',
      advice:
        'Each must see the other’s advertisements: let protocol 112 through the firewalls between them, give both the same virtual_router_id, and where the network carries no multicast (a VPC does not) name the others in unicast_peer.',
      look: (node) => [
        sh`ssh ${node} sudo timeout 5 tcpdump -ni any ip proto 112`,
        sh`ssh ${node} sudo grep -e virtual_router_id -e unicast -A2 /etc/keepalived/keepalived.conf`,
      ],
    },
    journal: (node) => sh`ssh ${node} 'sudo journalctl -u keepalived --no-pager -n 50 | grep -i -e state -e fail'`,
    release: {
      look: (node, vip) => sh`ssh ${node} sudo grep -rnF ${vip} /etc/keepalived`,
      advice: (node) =>
        `Take the VIP out of virtual_ipaddress on ${node} and restart keepalived there, or let the other system serve another address.`,
    },
  },
}

/** keepalived as an announcer; it runs in pods, too. */
export const keepalived: Announcer<'keepalived'> = {
  ...announcerOf(keepalivedHolder),
  mayAnnounce: (evidence) => [
    ...running('keepalived', /\bkeepalived\b/)(evidence),
    ...(announcerOf(keepalivedHolder).mayAnnounce?.(evidence) ?? []),
  ],
}
