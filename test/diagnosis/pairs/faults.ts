import type { Json } from '../../kit/fixtures.ts'
import { byId, entry, ids, ingress, ownedBy, tcp, type Edits } from '../../fabric/ec2/edits.ts'

// What can be wrong with the cluster of the recording hard-way-healthy, one thing at a time, as edits of its files: along the packet's way from
// 10.240.1.50, another subnet's host, over controller-0, which owns the VIP, to the pods on the two workers.

export interface Fault {
  readonly name: string
  /** The finding that must be its only cause where nothing else is wrong. */
  readonly finding: string
  readonly edits: Edits
  /** Why it is only warned of where nothing else is wrong. */
  readonly warns?: string
  /** What one writes over what others wrote is done behind them: the higher, the later. */
  readonly overwrites?: number
}

/** Pairs that no cluster can have, by their findings. */
export const cannotBeTogether: readonly { readonly these: readonly string[]; readonly because: string }[] = [
  {
    these: ['delivery/vip-not-owned', 'delivery/owner-foreign'],
    because: 'an address of a VPC has one owner, or none',
  },
]

export const client = '10.240.1.50'

const workers = ['worker-0', 'worker-1'] as const
const everyNode = ['controller-0', 'controller-1', ...workers] as const

const onNodes = (nodes: readonly string[], file: string, edit: (text: string) => string): Edits => ({
  files: Object.fromEntries(nodes.map((node) => [`nodes/${node}/${file}`, edit])),
})

const rules = (nodes: readonly string[], edit: (text: string) => string): Edits =>
  onNodes(nodes, 'iptables-nft-save.txt', edit)

const without =
  (line: RegExp) =>
  (text: string): string =>
    text
      .split('\n')
      .filter((one) => !line.test(one))
      .join('\n')

const json =
  (edit: (value: Json) => void) =>
  (text: string): string => {
    const value: Json = JSON.parse(text)
    edit(value)
    return JSON.stringify(value)
  }

const nginx = (items: Json[]): Json => items.find(({ metadata }) => metadata.name === 'nginx-lb')
const nginxSlice = (items: Json[]): Json =>
  items.find(({ metadata }) => metadata.labels['kubernetes.io/service-name'] === 'nginx-lb')
const routeTo = (routes: Json[], cidr: string): Json => routes.find((one) => one.DestinationCidrBlock === cidr)

export const faults: readonly Fault[] = [
  {
    name: 'MetalLB has no pool',
    finding: 'assignment/no-pool',
    edits: {
      pools: (pools) => pools.splice(0),
      services: (services) => {
        const { metadata, status } = nginx(services)
        delete metadata.annotations['metallb.io/ip-allocated-from-pool']
        status.loadBalancer = {}
      },
    },
  },
  {
    name: 'the pool is not advertised',
    finding: 'announcement/l2-advertisement',
    warns: 'EC2 delivers by ownership: no packet hangs on an announcement',
    edits: { files: { 'kubernetes/l2advertisements.metallb.io.json': json((list) => list.items.splice(0)) } },
  },
  { name: 'nobody owns the VIP', finding: 'delivery/vip-not-owned', edits: { enis: ownedBy(null) } },
  { name: 'another host owns the VIP', finding: 'delivery/owner-foreign', edits: { enis: ownedBy(ids.bastion) } },
  {
    name: 'the owner’s instance is stopped',
    finding: 'delivery/owner-detached',
    edits: {
      instances: (reservations) => {
        reservations[0].Instances[0].State = { Code: 80, Name: 'stopped' }
      },
    },
  },
  {
    name: 'the security group admits only ssh and pods',
    finding: 'admission/service-port',
    edits: {
      rules: ingress([
        tcp(22, '0.0.0.0/0'),
        { IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '10.200.0.0/16' },
        { IpProtocol: '-1', FromPort: -1, ToPort: -1, ReferencedGroupInfo: { GroupId: ids.group } },
      ]),
    },
  },
  {
    name: 'the network ACL refuses the port',
    finding: 'admission/nacl-in',
    edits: {
      acls: (acls) => byId(acls, ids.acl).Entries.unshift(entry({ number: 90, action: 'deny', port: 80 })),
    },
  },
  {
    name: 'the network ACL lets no answer out',
    finding: 'admission/nacl-return',
    edits: {
      acls: (acls) => {
        const acl = byId(acls, ids.acl)
        acl.Entries.unshift(entry({ number: 80, action: 'deny', egress: true, port: 1024, to: 65535 }))
      },
    },
  },
  {
    name: 'a rule refuses the tracking of the VIP’s packets',
    finding: 'translation/notrack',
    edits: rules(
      ['controller-0'],
      (text) => `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.240.0.100/32 -j NOTRACK\nCOMMIT\n${text}`,
    ),
  },
  {
    name: 'the jump to kube-proxy’s chain is gone',
    finding: 'translation/jump-missing',
    edits: rules(['controller-0'], without(/-A PREROUTING .*-j KUBE-SERVICES/)),
  },
  {
    name: 'source ranges leave the client out',
    finding: 'translation/source-ranges',
    edits: {
      services: (services) => {
        nginx(services).spec.loadBalancerSourceRanges = ['192.0.2.0/24']
      },
      ...rules(everyNode, (text) =>
        text
          .replace('*nat\n', '*nat\n:KUBE-FW-4OPAUFJG26SLRCPH - [0:0]\n')
          .replace(
            /(-A KUBE-SERVICES -d 10\.240\.0\.100\/32 .*-j )KUBE-EXT-4OPAUFJG26SLRCPH\n/,
            '$1KUBE-FW-4OPAUFJG26SLRCPH\n',
          )
          .replace(
            /COMMIT\n(?!.*\*nat)(# Completed[^\n]*\n)$/s,
            '[0:0] -A KUBE-FW-4OPAUFJG26SLRCPH -s 192.0.2.0/24 -m comment --comment "default/nginx-lb loadbalancer IP" -j KUBE-EXT-4OPAUFJG26SLRCPH\nCOMMIT\n$1',
          )
          .replace(
            /(\[.*\] -A KUBE-SERVICES|\[.*\] -A KUBE-FORWARD)/,
            '[0:0] -A KUBE-PROXY-FIREWALL -d 10.240.0.100/32 -p tcp -m comment --comment "default/nginx-lb traffic not accepted by KUBE-FW-4OPAUFJG26SLRCPH" -m tcp --dport 80 -j DROP\n$1',
          ),
      ),
    },
  },
  {
    name: 'the receiving node forwards nothing',
    finding: 'forwarding/ip-forward-off',
    edits: onNodes(['controller-0'], 'sysctl.txt', (text) =>
      text
        .replace('net.ipv4.ip_forward = 1', 'net.ipv4.ip_forward = 0')
        .replaceAll(/(net\.ipv4\.conf\.\S+\.forwarding) = 1/g, '$1 = 0'),
    ),
  },
  {
    name: 'a firewall drops what is forwarded',
    finding: 'forwarding/forward-drop',
    edits: rules(['controller-0'], (text) =>
      text
        .replace(':KUBE-EXTERNAL-SERVICES', ':HOST-FIREWALL - [0:0]\n:KUBE-EXTERNAL-SERVICES')
        .replace(/(\[.*\] -A INPUT)/, '[0:0] -A FORWARD -p tcp -m tcp --dport 80 -j DROP\n$1'),
    ),
  },
  {
    name: 'a route to the pods leads nowhere',
    finding: 'forwarding/pod-route',
    edits: {
      tables: (tables) => {
        for (const cidr of ['10.200.2.0/24', '10.200.3.0/24']) {
          const route = routeTo(byId(tables, ids.table).Routes, cidr)
          if (route !== undefined) route.State = 'blackhole'
        }
      },
    },
  },
  {
    name: 'the workers’ interfaces check source and destination',
    finding: 'forwarding/pod-source-dest-check',
    edits: {
      enis: (enis) => {
        for (const id of [ids.worker0, ids.worker1]) byId(enis, id).SourceDestCheck = true
      },
    },
  },
  {
    name: 'the workers have no CNI configuration',
    finding: 'forwarding/cni-ready',
    edits: {
      nodes: (nodes) => {
        for (const node of nodes.filter(({ metadata }) => metadata.name.startsWith('worker'))) {
          const ready = node.status.conditions.find(({ type }: Json) => type === 'Ready')
          Object.assign(ready, {
            status: 'False',
            reason: 'KubeletNotReady',
            message:
              'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
          })
        }
      },
      files: Object.fromEntries(
        workers.flatMap((node) => [
          [`nodes/${node}/cni-conf.txt`, "ls: cannot access '/etc/cni/net.d/': No such file or directory\n"],
          [`nodes/${node}/cni-conf/`, null],
        ]),
      ),
    },
  },
  {
    name: 'the connection table is full',
    finding: 'return/conntrack-full',
    edits: onNodes(['controller-0'], 'sysctl.txt', (text) =>
      text
        .replace(/nf_conntrack_count = \d+/, 'nf_conntrack_count = 1000')
        .replace(/nf_conntrack_max = \d+/, 'nf_conntrack_max = 1000'),
    ),
  },
  {
    name: 'the packet keeps the client’s address',
    finding: 'return/masquerade-missing',
    edits: rules(['controller-0'], without(/-A KUBE-EXT-4OPAUFJG26SLRCPH .*-j KUBE-MARK-MASQ$/)),
  },
  {
    name: 'no pod is ready',
    finding: 'endpoint/ready',
    overwrites: 1,
    edits: {
      slices: (slices) => {
        for (const endpoint of nginxSlice(slices).endpoints)
          endpoint.conditions = { ready: false, serving: false, terminating: false }
      },
      pods: (pods) => {
        for (const pod of pods.filter(({ metadata }) => metadata.labels?.app === 'nginx'))
          for (const condition of pod.status.conditions)
            if (condition.type.endsWith('Ready')) condition.status = 'False'
      },
      ...rules(everyNode, (text) =>
        without(/(?::|-A |-j )KUBE-(?:EXT|SVC|FW)-4OPAUFJG26SLRCPH|"default\/nginx-lb["\s]/)(text).replace(
          /(\[.*\] -A KUBE-FIREWALL)/,
          '[0:0] -A KUBE-EXTERNAL-SERVICES -d 10.240.0.100/32 -p tcp -m comment --comment "default/nginx-lb has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable\n[0:0] -A KUBE-SERVICES -d 10.32.0.108/32 -p tcp -m comment --comment "default/nginx-lb has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable\n$1',
        ),
      ),
    },
  },
  {
    name: 'kube-proxy runs nowhere and wrote nothing',
    finding: 'translation/kube-proxy-running',
    overwrites: 2,
    edits: {
      files: Object.fromEntries(
        everyNode.flatMap((node): [string, null | ((text: string) => string)][] => [
          [`nodes/${node}/iptables-nft-save.txt`, without(/KUBE-/)],
          [`nodes/${node}/ip6tables-nft-save.txt`, without(/KUBE-/)],
          [
            `nodes/${node}/nft-ruleset.json`,
            json(
              (value) =>
                (value.nftables = value.nftables.filter((one: Json) => !JSON.stringify(one).includes('KUBE-'))),
            ),
          ],
          [`nodes/${node}/processes.txt`, without(/kube-proxy/)],
          [`nodes/${node}/ss-listen.txt`, without(/kube-proxy/)],
          ...['proxy-mode.txt', 'kube-proxy-metrics.txt', 'healthz-10256.json'].map((file): [string, null] => [
            `nodes/${node}/${file}`,
            null,
          ]),
        ]),
      ),
    },
  },
]
