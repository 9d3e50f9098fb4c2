import type { Fault } from '../fault.ts'
import type { Lab } from '../lab.ts'
import { writeCni } from '../node.ts'
import { nodes } from '../plan.ts'
import { withoutProbe } from './kernel.ts'

// Faults made on the nodes, each with its way back.

const both: Pick<Fault, 'fabrics'> = { fabrics: ['ec2', 'lan'] }
const workers = ['worker-0', 'worker-1']
const every = nodes.map(({ name }) => name)

const onEach = async (lab: Lab, names: readonly string[], line: string): Promise<void> => {
  await Promise.all(names.map((name) => lab.on(name, line)))
}

/** A rule of iptables on some nodes, and its way back. */
const rule = (names: readonly string[], table: string, chain: string, match: string): Pick<Fault, 'make' | 'undo'> => ({
  make: (lab) => onEach(lab, names, `iptables-nft -t ${table} -I ${chain} ${match}`),
  undo: (lab) => onEach(lab, names, `while iptables-nft -t ${table} -D ${chain} ${match} 2>/dev/null; do :; done`),
})

/** As after a reboot with the unit not enabled: kube-proxy is gone, and so are its rules. */
const loseProxy = (lab: Lab, names: readonly string[]): Promise<void> =>
  onEach(
    lab,
    names,
    'systemctl stop kube-proxy; kube-proxy --config=/var/lib/kube-proxy/kube-proxy-config.yaml --cleanup >/dev/null 2>&1; true',
  )

const regainProxy = (lab: Lab, names: readonly string[]): Promise<void> =>
  onEach(lab, names, 'systemctl start kube-proxy')

export const nodeFaults: readonly Fault[] = [
  {
    ...both,
    name: 'kube-proxy and its rules are gone from every node',
    causes: ['translation/kube-proxy-running'],
    smoke: true,
    make: (lab) => loseProxy(lab, every),
    undo: (lab) => regainProxy(lab, every),
  },
  {
    ...both,
    name: 'kube-proxy is stopped, and its rules go on working',
    causes: [],
    also: ['translation/kube-proxy-running'],
    rules: true,
    make: (lab) => onEach(lab, every, 'systemctl stop kube-proxy'),
    undo: (lab) => regainProxy(lab, every),
  },
  {
    ...both,
    name: 'kube-proxy was stopped before the pods moved',
    causes: ['translation/dnat-stale-endpoint'],
    rules: true,
    make: async (lab) => {
      await onEach(lab, every, 'systemctl stop kube-proxy')
      await lab.must(
        'kubectl rollout restart deployment nginx && kubectl rollout status deployment nginx --timeout=90s',
      )
    },
    undo: (lab) => regainProxy(lab, every),
  },
  {
    ...both,
    modes: ['iptables'],
    name: 'the kernel’s hook no longer leads to kube-proxy’s chains',
    causes: ['translation/jump-missing'],
    make: (lab) =>
      onEach(
        lab,
        every,
        'systemctl stop kube-proxy; iptables-nft-save -t nat | grep -- "^-A PREROUTING.*KUBE-SERVICES" | sed s/-A/-D/ | while read -r line; do eval "iptables-nft -t nat $line"; done',
      ),
    undo: (lab) => regainProxy(lab, every),
  },
  {
    ...both,
    name: 'the nodes do not forward',
    causes: ['forwarding/ip-forward-off'],
    smoke: true,
    make: (lab) => onEach(lab, every, 'sysctl -qw net.ipv4.ip_forward=0'),
    undo: (lab) => onEach(lab, every, 'sysctl -qw net.ipv4.ip_forward=1'),
  },
  {
    ...both,
    name: 'the workers’ policy for forwarded packets is DROP',
    causes: ['forwarding/forward-drop'],
    rules: true,
    make: (lab) => onEach(lab, workers, 'iptables-nft -P FORWARD DROP'),
    undo: (lab) => onEach(lab, workers, 'iptables-nft -P FORWARD ACCEPT'),
  },
  {
    ...both,
    name: 'a rule drops forwarded packets to the pods’ port',
    causes: ['forwarding/forward-drop'],
    smoke: true,
    ...rule(workers, 'filter', 'FORWARD', '-p tcp --dport 80 -j DROP'),
  },
  {
    ...both,
    name: 'a rule rejects forwarded packets to the pods’ port',
    causes: ['forwarding/forward-drop'],
    ...rule(workers, 'filter', 'FORWARD', '-p tcp --dport 80 -j REJECT --reject-with icmp-host-prohibited'),
  },
  {
    ...both,
    name: 'a rule in raw PREROUTING drops the packet',
    causes: ['forwarding/forward-drop'],
    rules: true,
    ...rule(every, 'raw', 'PREROUTING', '-d 10.240.0.100 -p tcp --dport 80 -j DROP'),
  },
  {
    ...both,
    name: 'a table of nftables drops the packet',
    causes: ['forwarding/forward-drop'],
    rules: true,
    make: (lab) =>
      onEach(
        lab,
        every,
        "nft 'add table inet site; add chain inet site forward { type filter hook forward priority 10; policy accept; }; add rule inet site forward tcp dport 80 drop'",
      ),
    undo: (lab) => onEach(lab, every, 'nft delete table inet site 2>/dev/null; true'),
  },
  {
    ...both,
    name: 'a rule in INPUT drops the port, where the packet does not come by',
    causes: [],
    ...rule(every, 'filter', 'INPUT', '-p tcp --dport 80 -j DROP'),
  },
  {
    ...both,
    name: 'a rule in raw PREROUTING keeps connection tracking away',
    causes: ['translation/notrack'],
    rules: true,
    ...rule(every, 'raw', 'PREROUTING', '-d 10.240.0.100 -p tcp --dport 80 -j CT --notrack'),
  },
  {
    ...both,
    name: 'another rule translates the VIP first',
    causes: ['translation/hostport-hijack'],
    rules: true,
    ...rule(every, 'nat', 'PREROUTING', '-d 10.240.0.100 -p tcp --dport 80 -j DNAT --to-destination 10.200.9.9:80'),
  },
  {
    ...both,
    name: 'the workers have no route to their pods',
    causes: ['forwarding/pod-route-missing'],
    make: async (lab) => {
      await withoutProbe(lab)
      await onEach(lab, workers, 'ip route del $(ip -4 route show dev cni0 | head -n 1 | cut -d " " -f 1) dev cni0')
    },
    undo: async (lab) => {
      for (const { name, podCidr = '' } of nodes.filter((node) => workers.includes(node.name))) {
        await lab.on(name, `ip route replace ${podCidr} dev cni0 src ${podCidr.replace(/0\/24$/, '1')}`)
      }
    },
  },
  {
    ...both,
    name: 'the CNI configuration is gone from the workers, and the pods are new',
    causes: ['forwarding/cni-ready'],
    also: ['endpoint/ready'],
    make: async (lab) => {
      await onEach(lab, workers, 'rm -f /etc/cni/net.d/*')
      await lab.must('kubectl wait --for=condition=Ready=false node/worker-0 node/worker-1 --timeout=60s')
      await lab.must('kubectl delete pod -l app=nginx --wait=true --timeout=50s')
    },
    undo: async (lab) => {
      for (const { name, podCidr = '' } of nodes.filter((node) => workers.includes(node.name))) {
        writeCni(lab.machine(name), podCidr)
      }
      await lab.must('kubectl wait --for=condition=Ready node/worker-0 node/worker-1 --timeout=60s')
    },
  },
  {
    ...both,
    name: 'kubelet is stopped on the workers',
    causes: ['endpoint/ready'],
    make: (lab) => onEach(lab, workers, 'systemctl stop kubelet'),
    undo: (lab) => onEach(lab, workers, 'systemctl start kubelet'),
  },
  {
    ...both,
    name: 'the CNI’s plugin is gone, and the pods are new',
    causes: ['forwarding/cni-config'],
    also: ['endpoint/pod-network'],
    make: async (lab) => {
      await onEach(lab, workers, 'rm -f /opt/cni/bin/bridge')
      await lab.must('kubectl delete pod -l app=nginx --wait=true --timeout=50s')
    },
    undo: (lab) => onEach(lab, workers, 'ln -sf /usr/lib/cni/bridge /opt/cni/bin/bridge'),
  },
]
