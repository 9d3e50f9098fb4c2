import type { Fault } from '../fault.ts'
import type { Lab } from '../lab.ts'
import { writeProxyConfig } from '../node.ts'
import { nodes, vip } from '../plan.ts'

// What kube-proxy writes, keeps or is told, gone wrong. Each fault with its way back.

const both: Pick<Fault, 'fabrics'> = { fabrics: ['ec2', 'lan'] }
const every = nodes.map(({ name }) => name)

const onEach = async (lab: Lab, line: string): Promise<void> => {
  await Promise.all(every.map((name) => lab.on(name, line)))
}

/** kube-proxy ends by itself where its configuration changes, as it does under systemd. */
const reconfigured = (more: readonly string[]): Pick<Fault, 'make' | 'undo'> => ({
  make: async (lab) => {
    for (const name of every) writeProxyConfig(lab.machine(name), lab.mode, more)
    await onEach(lab, 'systemctl restart kube-proxy')
  },
  undo: async (lab) => {
    for (const name of every) writeProxyConfig(lab.machine(name), lab.mode)
    await onEach(lab, 'systemctl restart kube-proxy')
  },
})

const restarted = (lab: Lab): Promise<void> => onEach(lab, 'systemctl restart kube-proxy')

/** A second configuration, for a kube-proxy with ports of its own. */
const second = [
  'sed -e "s/^clusterCIDR/healthzBindAddress: 0.0.0.0:10356\\nmetricsBindAddress: 127.0.0.1:10349\\nclusterCIDR/"',
  '/var/lib/kube-proxy/kube-proxy-config.yaml > /var/lib/kube-proxy/second.yaml;',
  'setsid kube-proxy --config=/var/lib/kube-proxy/second.yaml >/dev/null 2>&1 </dev/null &',
].join(' ')

const legacyTools =
  'mkdir -p /opt/legacy; for each in iptables ip6tables; do for as in "" -save -restore; do ln -sf /usr/sbin/xtables-legacy-multi /opt/legacy/$each$as; done; done;'

export const proxyFaults: readonly Fault[] = [
  {
    ...both,
    modes: ['iptables'],
    name: 'kube-proxy’s rule for the VIP was taken away behind its back',
    causes: ['translation/dnat-present'],
    make: (lab) =>
      onEach(
        lab,
        `iptables-nft-save -t nat | grep -- "-A KUBE-SERVICES -d ${vip}/32" | sed s/-A/-D/ | while read -r line; do eval "iptables-nft -t nat $line"; done`,
      ),
    undo: restarted,
  },
  {
    ...both,
    modes: ['iptables'],
    name: 'rules were added to kube-proxy’s chains behind its back',
    causes: [],
    also: ['translation/rules-complete'],
    // Not to one of the chains that every sync writes anew: the next change of any Service would take it away again.
    make: (lab) =>
      onEach(
        lab,
        'chain=$(iptables-nft-save -t nat | grep -o "^:KUBE-SVC-[A-Z0-9]*" | tr -d : | head -n 1); iptables-nft -t nat -A "$chain" -d 10.9.9.9/32 -j RETURN',
      ),
    undo: restarted,
  },
  {
    ...both,
    modes: ['iptables'],
    name: 'a table of nftables mode is left from before',
    causes: [],
    also: ['translation/mode-drift'],
    make: (lab) => onEach(lab, "nft 'add table ip kube-proxy; add chain ip kube-proxy services'"),
    undo: (lab) => onEach(lab, 'nft delete table ip kube-proxy 2>/dev/null; true'),
  },
  {
    ...both,
    modes: ['iptables'],
    name: 'kube-proxy wrote to iptables’ other back-end before',
    causes: [],
    also: ['translation/backend-mix'],
    make: (lab) =>
      onEach(
        lab,
        `${legacyTools} ${second.replace('setsid', 'PATH=/opt/legacy:$PATH setsid timeout -s KILL 8')} sleep 9`,
      ),
    undo: (lab) =>
      onEach(
        lab,
        'for each in nat filter mangle; do iptables-legacy -t $each -F; iptables-legacy -t $each -X; done; true',
      ),
  },
  {
    ...both,
    name: 'kube-proxy is told another range of pods',
    causes: [],
    also: ['translation/cluster-cidr'],
    make: async (lab) => {
      await onEach(
        lab,
        'sed -i "s,^clusterCIDR.*,clusterCIDR: 10.99.0.0/16," /var/lib/kube-proxy/kube-proxy-config.yaml; systemctl restart kube-proxy',
      )
    },
    undo: async (lab) => reconfigured([]).undo?.(lab),
  },
  {
    ...both,
    name: 'two kube-proxies run on each node',
    causes: [],
    also: ['translation/two-proxies'],
    make: (lab) => onEach(lab, second),
    undo: (lab) => onEach(lab, "pkill -f 'second[.]yaml'; systemctl restart kube-proxy"),
  },
  {
    ...both,
    name: 'kube-proxy is told a node’s name that does not exist',
    causes: [],
    also: ['translation/hostname-override'],
    ...reconfigured(['hostnameOverride: node-9']),
  },
]
