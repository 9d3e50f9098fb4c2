import type { Fault } from '../fault.ts'
import type { Lab } from '../lab.ts'
import { nodes, outsideCidr, subnets, vip } from '../plan.ts'

// What a node's kernel does with the packet or its answer: routes, neighbours, settings. Each fault with its way back.

const both: Pick<Fault, 'fabrics'> = { fabrics: ['ec2', 'lan'] }
const lan: Pick<Fault, 'fabrics'> = { fabrics: ['lan'] }
const every = nodes.map(({ name }) => name)
const workers = nodes.filter(({ role }) => role === 'worker')

const onEach = async (lab: Lab, names: readonly string[], line: string): Promise<void> => {
  await Promise.all(names.map((name) => lab.on(name, line)))
}

/** A line on nodes, and the line that takes it back. */
const lines = (names: readonly string[], make: string, undo: string): Pick<Fault, 'make' | 'undo'> => ({
  make: (lab) => onEach(lab, names, make),
  undo: (lab) => onEach(lab, names, `${undo} 2>/dev/null; true`),
})

/** Pods that nobody probes: what cuts them off leaves them ready. */
export async function withoutProbe(lab: Lab): Promise<void> {
  const patch = [{ op: 'remove', path: '/spec/template/spec/containers/0/readinessProbe' }]
  await lab.must(`kubectl patch deployment nginx --type json -p '${JSON.stringify(patch)}'`)
  await lab.must('kubectl rollout status deployment nginx --timeout=90s')
}

export const kernelFaults: readonly Fault[] = [
  {
    ...both,
    name: 'a node that is the client sends the VIP nowhere',
    causes: ['forwarding/vip-route-dead'],
    client: 'node',
    ...lines(['worker-1'], `ip route add blackhole ${vip}/32`, `ip route del blackhole ${vip}/32`),
  },
  {
    ...both,
    name: 'the answers to the other subnet are routed nowhere on the nodes',
    causes: ['return/node-route'],
    client: 'far',
    ...lines(every, `ip route add blackhole ${subnets[1]}`, `ip route del blackhole ${subnets[1]}`),
  },
  {
    ...both,
    name: 'the answers to the company’s network are routed nowhere on the nodes',
    causes: ['return/node-route'],
    client: 'outside',
    ...lines(every, `ip route add unreachable ${outsideCidr}`, `ip route del unreachable ${outsideCidr}`),
  },
  {
    ...lan,
    name: 'the nodes route the pods’ ranges to a host that is no node',
    causes: ['forwarding/pod-next-hop'],
    // Only a node that is not on the way shows how it should be, where all pods are on one.
    flags: '--nodes-for all',
    make: (lab) =>
      onEach(
        lab,
        ['controller-0', 'controller-1'],
        workers.map(({ podCidr = '' }) => `ip route replace ${podCidr} via 10.240.0.50`).join('; '),
      ),
    undo: (lab) =>
      onEach(
        lab,
        ['controller-0', 'controller-1'],
        workers.map(({ podCidr = '', address }) => `ip route replace ${podCidr} via ${address}`).join('; '),
      ),
  },
  {
    ...both,
    name: 'the pods’ ends of their cables are down',
    causes: ['forwarding/pod-route-missing'],
    also: ['forwarding/pod-neighbour-failed'],
    make: async (lab) => {
      await withoutProbe(lab)
      await onEach(
        lab,
        workers.map(({ name }) => name),
        'for each in $(ip -br link show master cni0 | cut -d @ -f 1); do ip link set "$each" down; done; ip neigh flush dev cni0',
      )
    },
    undo: (lab) =>
      onEach(
        lab,
        workers.map(({ name }) => name),
        'for each in $(ip -br link show master cni0 | cut -d @ -f 1); do ip link set "$each" up; done',
      ),
  },
  {
    ...both,
    name: 'a firewall on the pods’ bridges drops ARP',
    causes: ['forwarding/forward-drop'],
    make: async (lab) => {
      await withoutProbe(lab)
      await onEach(
        lab,
        workers.map(({ name }) => name),
        "nft 'add table bridge site; add chain bridge site output { type filter hook output priority 0; }; add rule bridge site output ether type arp drop'; ip neigh flush dev cni0",
      )
    },
    undo: (lab) =>
      onEach(
        lab,
        workers.map(({ name }) => name),
        'nft delete table bridge site 2>/dev/null; true',
      ),
  },
  {
    ...both,
    modes: ['iptables'],
    name: 'the rule that masquerades what kube-proxy marked is gone',
    causes: ['return/masquerade-missing'],
    ...lines(every, 'systemctl stop kube-proxy; iptables-nft -t nat -F KUBE-POSTROUTING', 'systemctl start kube-proxy'),
  },
  {
    ...both,
    name: 'the nodes’ bridges hide their packets from iptables',
    causes: [],
    also: ['forwarding/bridge-nf-call'],
    ...lines(
      every,
      'sysctl -qw net.bridge.bridge-nf-call-iptables=0',
      'sysctl -qw net.bridge.bridge-nf-call-iptables=1',
    ),
  },
  {
    ...both,
    name: 'the pods’ bridge takes larger packets than the network',
    causes: [],
    also: ['forwarding/mtu'],
    ...lines(
      workers.map(({ name }) => name),
      'for each in cni0 $(ip -br link show master cni0 | cut -d @ -f 1); do ip link set "$each" mtu 9000; done',
      'for each in $(ip -br link show master cni0 | cut -d @ -f 1) cni0; do ip link set "$each" mtu 1500; done',
    ),
  },
]
